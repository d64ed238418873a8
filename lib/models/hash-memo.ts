/**
 * SHA-256 of large files, computed once: remembered by real path, size, modification time and inode in a JSON file under
 * ovembed's cache directory. A memo that is lost or damaged costs time, never correctness.
 */
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from './files.js';
import { sha256OfFile } from './hash.js';
import { readJson } from './json-file.js';

const FILE = 'file-hashes.json';
/** A file written this recently may change again within the clock's resolution, so its hash is not remembered. */
const RACY_MS = 2000;
/** More models than anyone keeps; the oldest entries go first. */
const MOST_ENTRIES = 256;

export class HashMemo {
  /** @param cacheDir ovembed's cache directory */
  constructor(private readonly cacheDir: string) {}

  /**
   * SHA-256 in hex.
   *
   * @throws the file system's error if the file cannot be read; the signal's reason if aborted
   */
  async sha256(file: string, signal?: AbortSignal): Promise<string> {
    const path = await realpath(file);
    const before = await stat(path, { bigint: true });
    const key = [before.size, before.mtimeNs, before.ino].join(':');
    const known = (await this.read())[path];
    if (known?.key === key) return known.sha256;

    const sha256 = await sha256OfFile(path, signal);
    const racy = Date.now() - Number(before.mtimeMs) < RACY_MS;
    if (!racy) await this.remember(path, { key, sha256 });
    return sha256;
  }

  private async remember(path: string, entry: Entry): Promise<void> {
    const { [path]: _replaced, ...others } = await this.read();
    const entries = [...Object.entries(others).slice(1 - MOST_ENTRIES), [path, entry]];
    // A read-only or full disk is no reason to refuse a model: the hash is computed again next time.
    await writeAtomically(join(this.cacheDir, FILE), JSON.stringify(Object.fromEntries(entries))).catch(() => {});
  }

  private async read(): Promise<Record<string, Entry>> {
    const content = await readJson(this.cacheDir, FILE).catch(() => undefined);
    if (typeof content !== 'object' || content === null || Array.isArray(content)) return {};
    return Object.fromEntries(Object.entries(content).filter(([, entry]) => isEntry(entry)));
  }
}

interface Entry {
  /** Size, modification time in nanoseconds and inode. */
  key: string;
  sha256: string;
}

function isEntry(value: unknown): value is Entry {
  const { key, sha256 } = (value ?? {}) as Partial<Entry>;
  return typeof key === 'string' && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
}
