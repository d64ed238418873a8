/**
 * Compiled models that travel in a model's folder, so that a first start need not compile: `compiled/manifest.json` beside
 * the network, and the files it lists. They go into the cache of compiled models, where the runtime has the last word: what
 * it refuses is compiled again.
 */
import { copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../logger.js';
import { readJson, sha256OfFile, temporaryName } from '../models/index.js';
import type { PipelineShape } from '../native.js';
import type { BlobKey } from './blobs.js';

const FOLDER = 'compiled';
const MANIFEST = 'manifest.json';
const VERSION = 1;

/** What `compiled/manifest.json` holds. */
export interface AheadManifest {
  version: typeof VERSION;
  /** `fingerprint` of the model. */
  fingerprint: string;
  /** `graphIdentity` of the model, which is all of it that was compiled. */
  graph: string;
  device: string;
  /** The kind of NPU, such as `4000`. */
  platform: string | null;
  /** `cpuIdentity`, if the device is the CPU. */
  cpu: string | null;
  runtimeVersion: string;
  blobs: AheadBlob[];
}

export interface AheadBlob {
  /** In the folder of the manifest. */
  file: string;
  bytes: number;
  /** In hex. */
  sha256: string;
  /** As `nameOf` names a computation. */
  precision: string;
  shape: PipelineShape;
}

/** The file for a shape, in a folder that exists. */
export async function aheadFile(networkFolder: string, { rows, width }: PipelineShape): Promise<string> {
  const folder = join(networkFolder, FOLDER);
  await mkdir(folder, { recursive: true });
  return join(folder, `${rows}x${width}.blob`);
}

/** What the manifest has of a file that was compiled. */
export async function describeAhead(file: string, precision: string, shape: PipelineShape): Promise<AheadBlob> {
  const { size } = await stat(file);
  return { file: basename(file), bytes: size, sha256: await sha256OfFile(file), precision, shape };
}

/** Written last: without it the files are nothing. */
export async function writeManifest(
  networkFolder: string,
  manifest: Omit<AheadManifest, 'version'>,
): Promise<AheadManifest> {
  const whole: AheadManifest = { version: VERSION, ...manifest };
  await writeFile(join(networkFolder, FOLDER, MANIFEST), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/**
 * Puts a compiled model that came with the model where the cache looks for it, unless that is taken.
 * @param network the file of the graph, beside which `compiled/` may be
 * @param blobFile the cache's file for `key`
 */
export async function takeAhead(network: string, blobFile: string, key: BlobKey, logger: Logger): Promise<void> {
  const folder = join(dirname(network), FOLDER);
  try {
    if (!key.shape || (await exists(blobFile))) return;
    const manifest = await readJson(folder, MANIFEST);
    if (manifest === undefined) return;
    const blob = fitting(manifest, key);
    if (blob) await adopt(join(folder, basename(blob.file)), blob, blobFile);
    else logger.info(`None of the compiled models in ${folder} is for this graph, device, shape and runtime.`);
  } catch (error) {
    logger.warn(`A compiled model in ${folder} is not used: ${(error as Error).message}`);
  }
}

/** The compiled model that came with the model for `key`, whole or not. */
export async function findAhead(network: string, key: BlobKey): Promise<AheadBlob | undefined> {
  const manifest = await readJson(join(dirname(network), FOLDER), MANIFEST);
  return manifest === undefined ? undefined : fitting(manifest, key);
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

/** A model that was changed, another runtime, another CPU: what was compiled is of no use. */
function fitting(value: unknown, key: BlobKey): AheadBlob | undefined {
  const manifest = value as AheadManifest;
  if (manifest?.version !== VERSION || !Array.isArray(manifest.blobs)) throw new Error(`its ${MANIFEST} is not ours`);
  const { graph, device, cpu, runtimeVersion, blobs } = manifest;
  if (graph !== key.graph || device !== key.device || runtimeVersion !== key.runtimeVersion) return undefined;
  if (cpu !== null && cpu !== key.cpu) return undefined;
  return blobs.find(
    ({ precision, shape }) =>
      precision === key.precision && shape.rows === key.shape?.rows && shape.width === key.shape.width,
  );
}

/** Copied, then checked, so that what is checked is what is used. */
async function adopt(from: string, { sha256 }: AheadBlob, blobFile: string): Promise<void> {
  const draft = temporaryName(blobFile);
  try {
    await copyFile(from, draft);
    const actual = await sha256OfFile(draft);
    if (actual !== sha256) throw new Error(`${from} has SHA-256 ${actual}, expected ${sha256}`);
    await rename(draft, blobFile);
  } finally {
    await rm(draft, { force: true });
  }
}
