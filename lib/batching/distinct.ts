/** Inputs of a call that are equal are computed once: which are the same, and which is the first of each. */
import { hash } from 'node:crypto';
import type { ModelInput } from '../input.js';
import type { StopSignal } from '../signals.js';
import { TimeSlice } from '../time-slice.js';

export interface Distinct {
  /** Each input once, in the order of the first ones. */
  inputs: ModelInput[];
  /** Where these are in the list. */
  rows: Uint32Array;
  /** Of every input of the list, the place of the first that is equal. */
  firstOf: Uint32Array;
}

/** A list of so many is gone through at once, so that calls made one after the other keep their order. */
const FEW = 32;

/** What is equal in a list; undefined where nothing is. */
export function distinctOf(
  inputs: readonly ModelInput[],
  signal: StopSignal,
): Distinct | undefined | Promise<Distinct | undefined> {
  if (inputs.length < 2) return undefined;
  const seen = new Seen(inputs);
  if (inputs.length > FEW) return inSlices(inputs.length, signal, (row) => seen.add(row)).then(() => seen.distinct());
  for (let row = 0; row < inputs.length; row++) seen.add(row);
  return seen.distinct();
}

/** The rows that equal an earlier one. */
export function duplicatesOf({ firstOf }: Distinct): Uint32Array {
  return Uint32Array.from(firstOf.keys()).filter((row) => firstOf[row] !== row);
}

/** Runs `work` for 0 to `count - 1`, and lets go of the event loop every few milliseconds. */
export async function inSlices(count: number, signal: StopSignal, work: (i: number) => void): Promise<void> {
  const slice = new TimeSlice();
  for (let i = 0; i < count; i++) {
    work(i);
    if (slice.isOver) await slice.next(signal);
  }
}

/** A Map that grows moves all that it has at once, 50 ms for a million; several are smaller. A power of 2. */
const MAPS = 32;
const MANY = 10_000;

/** V8 hashes strings of more than 16,383 characters by their length alone: a Map of these would be searched from end to end. */
const LONGEST_KEY = 16_000;

class Seen {
  readonly #inputs: readonly ModelInput[];
  readonly #firstOf: Uint32Array;
  readonly #maps: Map<string, number>[];
  #distinct = 0;

  constructor(inputs: readonly ModelInput[]) {
    this.#inputs = inputs;
    this.#firstOf = new Uint32Array(inputs.length);
    this.#maps = Array.from({ length: inputs.length > MANY ? MAPS : 1 }, () => new Map());
  }

  add(row: number): void {
    const key = keyOf(this.#inputs[row] as ModelInput);
    const map = this.#maps[spread(key) & (this.#maps.length - 1)] as Map<string, number>;
    const first = map.get(key);
    this.#firstOf[row] = first ?? row;
    if (first !== undefined) return;
    map.set(key, row);
    this.#distinct++;
  }

  distinct(): Distinct | undefined {
    const firstOf = this.#firstOf;
    if (this.#distinct === firstOf.length) return undefined;
    const rows = new Uint32Array(this.#distinct);
    let next = 0;
    for (let row = 0; row < firstOf.length; row++) if (firstOf[row] === row) rows[next++] = row;
    return { inputs: Array.from(rows, (row) => this.#inputs[row] as ModelInput), rows, firstOf };
  }
}

/** Some characters tell most texts apart well enough to spread them. */
function spread(key: string): number {
  const { length } = key;
  return length + 7 * key.charCodeAt(length >> 1) + 13 * key.charCodeAt(length - 1);
}

/** A text as it is; what stands for anything else begins with a lone surrogate, which no checked text has. */
function keyOf(input: ModelInput): string {
  if (typeof input === 'string')
    return input.length <= LONGEST_KEY ? input : `\ud800${hash('sha256', input, 'binary')}`;
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  return bytes.length <= LONGEST_KEY ? `\ud801${bytes.toString('latin1')}` : `\ud802${hash('sha256', bytes, 'binary')}`;
}
