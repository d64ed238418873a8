/** Compiled models on disk: importing one takes a third of the time of compiling. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { removeAbandoned } from '../abandoned-files.js';
import { type Computation, nameOf } from './computation.js';
import { cpuIdentity } from './machine.js';

const SUFFIX = '.blob';
/** What the addon, and compiled-ahead.ts, write before they rename it. */
const PARTIAL = /\.blob\..*\.(tmp|incomplete)$/;

/** Compiled models of a few models at several precisions. */
const MAX_BYTES = 2 * 1024 ** 3;

/** A compiled model can be used again where all of this is the same, with any number of streams and threads. */
export interface BlobKey {
  /** `graphIdentity` of the model. */
  graph: string;
  /** As OpenVINO takes it: `AUTO:CPU` compiles otherwise than `CPU`. */
  device: string;
  deviceName: string;
  /** `cpuIdentity`: a model compiled with some instruction sets does not run without. */
  cpu: string;
  precision: string;
  /** The only shape of input that it takes; null: any. */
  shape: { rows: number; width: number } | null;
  runtimeVersion: string;
}

/** @param device as `DevicePlan` has it */
export async function blobKeyOf(
  graph: string,
  device: { device: string; fullName: string },
  computation: Computation,
  shape: BlobKey['shape'],
  runtimeVersion: string,
): Promise<BlobKey> {
  return {
    graph,
    device: device.device,
    deviceName: device.fullName,
    cpu: await cpuIdentity(),
    precision: nameOf(computation),
    shape,
    runtimeVersion,
  };
}

/** The folder of compiled models. Several processes may share it: every file is complete or not there, and any may go. */
export class BlobCache {
  readonly #folder: string;
  readonly #maxBytes: number;

  /** @param cacheDir ovembed's cache folder */
  constructor(cacheDir: string, maxBytes = MAX_BYTES) {
    this.#folder = join(cacheDir, 'blobs');
    this.#maxBytes = maxBytes;
  }

  /** The file for a compiled model, in a folder that exists; null if the folder cannot be made. */
  async fileFor(key: BlobKey): Promise<string | null> {
    try {
      await mkdir(this.#folder, { recursive: true });
    } catch {
      return null;
    }
    return this.#pathOf(key);
  }

  has(key: BlobKey): Promise<boolean> {
    return stat(this.#pathOf(key)).then(
      () => true,
      () => false,
    );
  }

  /** Marks a file as just used, then deletes those that were used longest ago until the rest fits. */
  async use(file: string): Promise<void> {
    const now = new Date();
    await utimes(file, now, now).catch(() => {});
    await this.#evict(file);
  }

  /** Forgets a compiled model that turned out to be another's. */
  async discard(file: string): Promise<void> {
    await rm(file, { force: true }).catch(() => {});
  }

  #pathOf(key: BlobKey): string {
    const fields = JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)));
    const name = createHash('sha256').update(fields).digest('hex');
    return join(this.#folder, name + SUFFIX);
  }

  async #evict(keep: string): Promise<void> {
    await removeAbandoned(this.#folder, PARTIAL);
    const blobs = await this.#list();
    blobs.sort((a, b) => a.usedMs - b.usedMs);
    let total = blobs.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { file, bytes } of blobs) {
      if (total <= this.#maxBytes) return;
      if (file === keep) continue;
      await rm(file, { force: true }).catch(() => {});
      total -= bytes;
    }
  }

  /** A file that another process deletes meanwhile is left out. */
  async #list(): Promise<{ file: string; bytes: number; usedMs: number }[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const blobs = names
      .filter((name) => name.endsWith(SUFFIX))
      .map(async (name) => {
        const file = join(this.#folder, name);
        const info = await stat(file).catch(() => undefined);
        return info ? [{ file, bytes: info.size, usedMs: info.mtimeMs }] : [];
      });
    return (await Promise.all(blobs)).flat();
  }
}
