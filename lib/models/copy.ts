/** A model's folder without the weights of its network: everything else that makes vectors out of texts. */
import { cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isDirectory } from './files.js';
import { readModules } from './modules.js';
import type { ModelSpec } from './spec.js';

/** Weights of the network in any library's form, and what lists their parts. */
const WEIGHTS = /\.(safetensors|bin|onnx|xml|h5|msgpack|ot|gguf|pt|pth|ckpt)$|\.onnx[_.]data|\.index\.json$/;

/** Where the network's own files are, relative to the model's folder. */
export function networkFolder(spec: ModelSpec): string {
  return relative(spec.folder, dirname(spec.tokenizerFile));
}

/** Copies configurations, tokenizer and modules into a folder that is there; links of the hub's cache become files. */
export async function copyWithoutWeights(spec: ModelSpec, target: string): Promise<void> {
  const network = networkFolder(spec);
  for (const folder of new Set(['', network])) await copyFiles(join(spec.folder, folder), join(target, folder));
  for (const module of await moduleFolders(spec.folder)) {
    if (!(await isDirectory(join(spec.folder, module)))) continue;
    await cp(join(spec.folder, module), join(target, module), { recursive: true, dereference: true });
  }
}

async function copyFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || WEIGHTS.test(entry.name)) continue;
    const path = join(from, entry.name);
    if (await isDirectory(path)) continue;
    await cp(path, join(to, entry.name), { dereference: true });
  }
}

/** Those of modules after the Transformer that are folders of their own. */
async function moduleFolders(folder: string): Promise<string[]> {
  const modules = await readModules(folder);
  if (!modules) return [];
  const folders = [modules.pooling, ...modules.vectorModules.map((module) => module.folder)];
  return folders.filter((path) => path !== '' && path !== modules.transformer);
}
