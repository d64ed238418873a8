/** Downloads from a fake hub with the hub's client in this process. */
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type HubSettings, hubSettings } from '../../../../lib/models/hub/settings.js';
import type { ResolvedModel, ResolveOptions } from '../../../../lib/models/index.js';
import { resolveModelWith } from '../../../../lib/models/resolve.js';
import { FakeHub, type Fault, ID } from '../../../fake-hub/server.js';
import { type Files, mini, temporaryFolder } from '../folders.js';

/** A hub with the small model, and the settings of a client of it. */
export class HubBench extends FakeHub {
  readonly settings: HubSettings = {
    ...hubSettings({}),
    cache: temporaryFolder(),
    timeoutMs: 5000,
    retry: { attempts: 3, firstDelayMs: 4, longestDelayMs: 16, longestWaitMs: 2_000 },
    tryLock: lockInProcess(),
  };

  static async start(changes: Files = {}, fault?: Fault): Promise<HubBench> {
    const bench = await new HubBench(mini(changes)).start();
    bench.settings.endpoint = bench.endpoint;
    bench.fault = fault;
    return bench;
  }

  get repo(): string {
    return join(this.settings.cache, 'models--org--tiny');
  }

  resolve(options: ResolveOptions = {}): Promise<ResolvedModel> {
    return resolveModelWith(this.settings, ID, { cacheDir: this.settings.cache, ...options });
  }
}

/** What the addon does for processes, for the calls of a test. */
export function lockInProcess(): HubSettings['tryLock'] {
  const held = new Set<string>();
  return (path) => {
    if (held.has(path)) return null;
    held.add(path);
    return () => held.delete(path);
  };
}

/** Every file below a folder; a symbolic link reads `name -> target`. */
export function tree(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const names = entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return path.slice(folder.length + 1) + (entry.isSymbolicLink() ? ` -> ${readlinkSync(path)}` : '');
  });
  return names.sort();
}
