/** A user's project: ovembed and the frameworks side by side, the way npm would install them. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { copyPackage } from '../../package-copy.js';
import { installPackages as installStores, npmInstall } from '../sinks/packages.js';

const TESTS = join(import.meta.dirname, '../..');
const FRAMEWORKS = join(TESTS, 'frameworks');
const STORES = join(TESTS, 'sinks');

/**
 * @returns why they are not here, else null
 * @throws Error if they cannot be installed where `CI` is set
 */
export function installFrameworks(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'they are tested on linux-x64 alone';
  const failure = existsSync(join(FRAMEWORKS, 'node_modules/llamaindex')) ? null : npmInstall(FRAMEWORKS);
  return failure ?? installStores();
}

export interface Project {
  folder: string;
  /** Of a tiny model that has prompts for queries and documents. */
  model: string;
  /** Native `import()` and `require`, as of a module of the project. */
  // biome-ignore lint/suspicious/noExplicitAny: what packages export
  import(name: string): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: what packages export
  require(name: string): any;
  remove(): void;
}

/** @param without packages that the user did not install */
export async function createProject({ without = [] as string[] } = {}): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-project-'));
  const modules = join(folder, 'node_modules');
  writeFileSync(join(folder, 'package.json'), '{"name":"project","private":true}');
  copyPackage(join(modules, 'ovembed'));
  for (const [from, names] of [
    [FRAMEWORKS, installed(FRAMEWORKS)],
    [STORES, ['@lancedb/lancedb', 'apache-arrow']],
    [join(TESTS, '..'), ['@types/node', 'openai']],
  ] as const) {
    for (const name of names) if (!without.includes(name)) link(join(from, 'node_modules', name), join(modules, name));
  }
  const model = join(folder, 'models/tiny');
  writeTinyModel(tinyModels.prompts, model);
  const bridge = join(modules, 'bridge.mjs');
  writeFileSync(
    bridge,
    `import { createRequire } from 'node:module';
     export const load = (name) => import(name);
     export const require = createRequire(import.meta.url);`,
  );
  const { load, require } = await import(pathToFileURL(bridge).href);
  return { folder, model, import: load, require, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Copies files of the checkout into the project, so that they find their packages there. */
export function addFiles({ folder }: Project, from: string, names: readonly string[]): void {
  for (const name of names) cpSync(join(TESTS, '..', from, name), join(folder, name), { recursive: true });
}

function installed(folder: string): string[] {
  const names = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  return names.flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(folder, 'node_modules', name)).map((part) => `${name}/${part}`) : [name],
  );
}

function link(from: string, to: string): void {
  if (existsSync(to)) return;
  mkdirSync(join(to, '..'), { recursive: true });
  symlinkSync(from, to, 'junction');
}
