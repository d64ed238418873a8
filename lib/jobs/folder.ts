/**
 * The folder of a job, seen by all its workers: what is to be done, what is done, and at the end the manifest. It alone says how
 * far a job is; the queue may be lost.
 *
 *     plan.json                 what the job is; appears whole, and the first one stays
 *     <run>/shards.jsonl        a shard in each line
 *     <run>/parts/000012/       vectors and rows of a shard; appears whole
 *     <run>/merge-<token>/      what a finisher has put together so far, its own
 *     <run>/claim.json          which of them counts
 *     <run>/aside/              the older output, if it is a folder
 *     manifest.json             the output is whole, and this is what it is
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunSettings } from '../corpus/checkpoint.js';
import type { VectorSpace } from '../corpus/sink.js';
import { syncFolder } from '../corpus/sinks/sync-folder.js';
import { OvembedError } from '../errors.js';
import type { EmbedderInfo } from '../info.js';
import type { OutputOptions } from './options.js';
import type { Shard } from './shards.js';

const FORMAT = 'ovembed-job';
const VERSION = 1;

/** The model that workers load: with it, their vectors have the same bits. */
export type JobModel = Pick<EmbedderInfo, 'model' | 'revision' | 'fingerprint' | 'precision' | 'activations'>;

export interface JobPlan {
  jobId: string;
  /** Differs each time the job begins anew, so that workers of the one before do no harm. */
  run: string;
  options: OutputOptions;
  /** What the output depends on. */
  settings: RunSettings;
  model: JobModel;
  space: VectorSpace;
  shards: number;
  /** Of the source. */
  bytes: number;
}

/** A shard and its place in the list of shards. */
export interface ListedShard {
  shard: number;
  /** Of its line, in bytes. */
  start: number;
  length: number;
  /** Of the source. */
  bytes: number;
}

export class JobFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @returns undefined where there is none */
  async plan(): Promise<JobPlan | undefined> {
    return readJson<JobPlan>(this.#planPath);
  }

  /** @returns the manifest; undefined: the job is not done. That of another run does not count. */
  async manifest<T>({ run }: Pick<JobPlan, 'run'>): Promise<T | undefined> {
    const found = await readJson<T & { run: string }>(this.manifestPath);
    return found?.run === run ? found : undefined;
  }

  get manifestPath(): string {
    return join(this.path, 'manifest.json');
  }

  claimPath(run: string): string {
    return join(this.path, run, 'claim.json');
  }

  partsPath(run: string): string {
    return join(this.path, run, 'parts');
  }

  partPath(run: string, shard: number): string {
    return join(this.partsPath(run), nameOf(shard));
  }

  mergePath(run: string, token: string): string {
    return join(this.path, run, `merge-${token}`);
  }

  asidePath(run: string): string {
    return join(this.path, run, 'aside');
  }

  runPath(run: string): string {
    return join(this.path, run);
  }

  /**
   * Writes shards and plan. Where another process was quicker, its plan stays.
   * @returns the plan that counts
   */
  async create(shards: AsyncIterable<Shard>, plan: Omit<JobPlan, 'run' | 'shards' | 'bytes'>): Promise<JobPlan> {
    const run = randomBytes(6).toString('hex');
    await mkdir(this.partsPath(run), { recursive: true });
    const { count, bytes } = await this.#writeShards(run, shards);
    const whole: JobPlan = { ...plan, run, shards: count, bytes };
    // The address of a store may hold a password.
    if (await createOnce(this.#planPath, whole, 0o600)) return whole;
    await rm(this.runPath(run), { recursive: true, force: true });
    return (await this.plan()) as JobPlan;
  }

  async #writeShards(run: string, shards: AsyncIterable<Shard>): Promise<{ count: number; bytes: number }> {
    const handle = await open(this.#shardsPath(run), 'wx');
    let count = 0;
    let bytes = 0;
    try {
      for await (const shard of shards) {
        await handle.write(`${JSON.stringify(shard)}\n`);
        count++;
        bytes += shard.bytes;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    return { count, bytes };
  }

  #shardsPath(run: string): string {
    return join(this.path, run, 'shards.jsonl');
  }

  /** @throws OvembedError `ERR_INVALID_ARGUMENT` where the run is over, or was being removed */
  async #openShards(run: string): Promise<FileHandle> {
    const path = this.#shardsPath(run);
    return open(path).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
      const message = `${path}: is gone, as the job is over or was being removed. Submit it with restart (--restart) to begin anew.`;
      throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause: error });
    });
  }

  async *listShards({ run }: JobPlan): AsyncGenerator<ListedShard> {
    const handle = await this.#openShards(run);
    try {
      let start = 0;
      let shard = 0;
      for await (const line of handle.readLines({ autoClose: false })) {
        const length = Buffer.byteLength(line);
        yield { shard: shard++, start, length, bytes: (JSON.parse(line) as Shard).bytes };
        start += length + 1;
      }
    } finally {
      await handle.close();
    }
  }

  async readShard({ run }: JobPlan, { start, length }: ListedShard): Promise<Shard> {
    const handle = await this.#openShards(run);
    try {
      const bytes = Buffer.alloc(length);
      await handle.read(bytes, 0, length, start);
      return JSON.parse(bytes.toString());
    } finally {
      await handle.close();
    }
  }

  /** Removes all that is there for getting to the manifest, at one go: whoever is still at it finds nothing. */
  async tidy(run: string): Promise<void> {
    const gone = `${this.runPath(run)}.gone`;
    await rename(this.runPath(run), gone).catch((error) => {
      if (error.code !== 'ENOENT' && !isTaken(error)) throw error;
    });
    await rm(gone, { recursive: true, force: true });
  }

  /**
   * Forgets the job, but for its output. Killed at any line, it can be done again: what the plan names goes before the plan, and
   * first of all the claim, which could still become a manifest.
   */
  async remove(): Promise<void> {
    const plan = await this.plan();
    // Not what somebody else calls so.
    await readJson(this.manifestPath);
    if (plan) await this.tidy(plan.run);
    await rm(this.manifestPath, { force: true });
    await rm(this.#planPath, { force: true });
  }

  get #planPath(): string {
    return join(this.path, 'plan.json');
  }
}

const nameOf = (shard: number) => String(shard).padStart(6, '0');

/**
 * Makes a file that nobody replaces: of several processes that try, one does it.
 * @returns whether it was this one
 */
export async function createOnce(path: string, content: object, mode = 0o644): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const handle = await open(temporary, 'wx', mode);
  try {
    await handle.writeFile(`${JSON.stringify({ format: FORMAT, version: VERSION, ...content }, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, path);
    await syncFolder(join(path, '..'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * A folder appears under its name whole, and the first one stays.
 * @returns whether it was this one; else it is removed
 */
export async function moveOnce(folder: string, path: string): Promise<boolean> {
  try {
    await rename(folder, path);
    await syncFolder(join(path, '..'));
    return true;
  } catch (error) {
    if (!isTaken(error)) throw error;
    await rm(folder, { recursive: true, force: true });
    return false;
  }
}

/** Windows' EPERM for it is elsewhere a folder that must not be written to. */
const TAKEN = ['ENOTEMPTY', 'EEXIST', ...(process.platform === 'win32' ? ['EPERM'] : [])];

/** Of a rename: there is a folder already, with something in it. */
export const isTaken = (error: unknown) => TAKEN.includes(String((error as NodeJS.ErrnoException).code));

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const found = JSON.parse(text);
  if (found.format === FORMAT && found.version === VERSION) return found;
  throw new OvembedError('ERR_INVALID_ARGUMENT', `${path}: is no file of a job of this version.`);
}
