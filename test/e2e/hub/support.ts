/** A hub with a tiny model that runs, a cache, and processes that download the one into the other. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { FakeHub, gitId, type HubFiles, ID, sha256 } from '../../fake-hub/server.js';
import { type Outcome, outcome, ROOT } from '../cli/support.js';

const COMMAND = join(ROOT, 'dist/cli/main.js');
export const REPO = 'models--org--tiny';
export const WEIGHTS = 'model.safetensors';

/** The folder is gone when the test is. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ovembed-hub-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file of a tiny model. */
export function tinyFiles(): HubFiles {
  const folder = temporaryFolder();
  writeTinyModel(tinyModels.mean, folder);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

export class HubPlace extends FakeHub {
  readonly folder = temporaryFolder();
  env: NodeJS.ProcessEnv = {};

  static async start(files: HubFiles = {}): Promise<HubPlace> {
    const place = await new HubPlace({ ...tinyFiles(), ...files }).start();
    const { HF_TOKEN: _, HF_HUB_OFFLINE: __, HF_HOME: ___, ...env } = process.env;
    place.env = {
      ...env,
      HF_ENDPOINT: place.endpoint,
      HF_HUB_CACHE: place.cache,
      HF_TOKEN_PATH: join(place.folder, 'no-token'),
      NO_PROXY: '127.0.0.1',
      OVEMBED_CACHE_DIR: join(place.folder, 'ovembed'),
      OVEMBED_MODEL: '',
    };
    return place;
  }

  get cache(): string {
    return join(this.folder, 'cache');
  }

  get repo(): string {
    return join(this.cache, REPO);
  }

  spawn(...args: string[]): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [COMMAND, ...args], { cwd: this.folder, env: this.env });
  }

  run(...args: string[]): Promise<Outcome> {
    const child = this.spawn(...args);
    child.stdin.end();
    return outcome(child);
  }

  pull(...args: string[]): Promise<Outcome> {
    return this.run('pull', ID, ...args);
  }
}

/** What is wrong with a cache, for which no moment is an excuse: a file that is not what its name says, a link that leads nowhere. */
export function defects(cache: string): string[] {
  if (!existsSync(cache)) return [];
  const entries = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (lstatSync(path).isSymbolicLink()) {
      if (!existsSync(path)) found.push(`${path} leads nowhere`);
    } else if (/\/blobs\/[0-9a-f]+$/.test(path)) {
      const content = readFileSync(path);
      if (![sha256(content), gitId(content)].includes(entry.name)) found.push(`${path} has other content`);
    } else if (/\/refs\//.test(path) && !path.endsWith('.incomplete')) {
      const snapshot = join(path.replace(/\/refs\/.*/, '/snapshots'), readFileSync(path, 'utf8'));
      if (!existsSync(join(snapshot, WEIGHTS))) found.push(`${path} names a snapshot that is not complete`);
    }
  }
  return found;
}
