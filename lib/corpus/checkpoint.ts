/**
 * What a run needs to go on after it was killed: a small JSON file that is replaced as a whole, and the hashes of the texts that
 * were met, to which is only appended. The JSON says how much of the hashes and of the output counts.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OvembedError } from '../errors.js';
import { HASH_BYTES, SeenTexts } from './seen.js';
import { AppendedFile } from './sinks/appended-file.js';
import { syncFolder } from './sinks/sync-folder.js';
import type { RunState } from './state.js';

const FORMAT = 'ovembed-checkpoint';
const VERSION = 1;

/** What the output depends on: a run goes on only with the same. Values are JSON. */
export type RunSettings = Readonly<Record<string, unknown>>;

interface Content {
  state: RunState;
  /** As the sink's `flush` gave it. */
  sink: unknown;
}

export interface Resumed extends Content {
  seen: SeenTexts;
}

export class Checkpoint {
  readonly path: string;
  readonly #settings: RunSettings;
  #hashes: AppendedFile | undefined;
  /** Hashes in the file. */
  #saved = 0;

  constructor(path: string, settings: RunSettings) {
    this.path = path;
    this.#settings = settings;
  }

  /**
   * @returns undefined where there is none
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for one of a run with other settings, or a damaged one
   */
  async load(): Promise<Resumed | undefined> {
    const text = await readFile(this.path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const { state, sink } = this.#parse(text);
    this.#hashes = await AppendedFile.open(this.#hashesPath, state.read.seen * HASH_BYTES);
    this.#saved = state.read.seen;
    return { state, sink, seen: await readSeen(this.#hashesPath, state.read.seen) };
  }

  /** @param seen holds at least those that the state counts */
  async save(state: RunState, sink: unknown, seen: SeenTexts): Promise<void> {
    const hashes = this.#hashes ?? (await AppendedFile.open(this.#hashesPath, null));
    this.#hashes = hashes;
    await hashes.append(seen.bytes(this.#saved, state.read.seen));
    await hashes.sync();
    this.#saved = state.read.seen;
    const content = { format: FORMAT, version: VERSION, settings: this.#settings, state, sink };
    await replaceDurably(this.path, `${JSON.stringify(content)}\n`);
  }

  /** The run is over, or begins anew. */
  async remove(): Promise<void> {
    await this.close();
    for (const path of [this.path, `${this.path}.tmp`, this.#hashesPath]) await rm(path, { force: true });
  }

  async close(): Promise<void> {
    await this.#hashes?.close();
    this.#hashes = undefined;
  }

  get #hashesPath(): string {
    return `${this.path}.seen`;
  }

  #parse(text: string): Content {
    const found = parseJson(text);
    if (found?.format !== FORMAT || found.version !== VERSION) throw this.#problem('is no checkpoint of this version');
    const theirs = found.settings as RunSettings;
    const names = [...new Set([...Object.keys(theirs), ...Object.keys(this.#settings)])];
    const other = names.filter((name) => JSON.stringify(theirs[name]) !== JSON.stringify(this.#settings[name]));
    if (other.length === 0) return found as unknown as Content;
    const show = (settings: RunSettings) => JSON.stringify(settings[other[0] as string])?.slice(0, 200) ?? 'nothing';
    throw this.#problem(
      `is of a run with another ${other.join(', ')} (${other[0]}: ${show(theirs)} then, ${show(this.#settings)} now)`,
    );
  }

  #problem(what: string): OvembedError {
    const advice = 'Finish that run as it was begun, or start again with restart (--restart).';
    return new OvembedError('ERR_INVALID_ARGUMENT', `${this.path} ${what}. ${advice}`);
  }
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readSeen(path: string, count: number): Promise<SeenTexts> {
  const seen = new SeenTexts();
  const bytes = await readFile(path);
  for (let i = 0; i < count; i++) seen.add(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  return seen;
}

/** Always through the same temporary file, so that many kills leave no more than one. */
async function replaceDurably(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}
