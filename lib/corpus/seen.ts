/** Texts that have been met, by their hashes: 16 bytes and some 8 more for each, of which collectors of garbage see nothing. */
import { hash } from 'node:crypto';

export const HASH_BYTES = 16;
const WORDS = HASH_BYTES / 4;

/** SHA-256 of a text, cut to 16 bytes: among a thousand million texts two are taken for the same with a chance of 1e-21. */
export function hashOf(text: string): Uint8Array {
  return hash('sha256', text, 'buffer').subarray(0, HASH_BYTES);
}

/** Hashes of a segment: memory is taken bit by bit, and nothing is copied when there is more. */
const SEGMENT = 1 << 14;

/** Tables grow one by one, so that the others need not be moved at the same moment. A power of 2. */
const TABLES = 64;
const SMALLEST_TABLE = 16;

/** Hashes in the order in which they came. Open addressing: https://en.wikipedia.org/wiki/Open_addressing */
export class SeenTexts {
  readonly #segments: Uint32Array[] = [];
  /** Places of hashes, counted from 1; 0: free. */
  readonly #tables = Array.from({ length: TABLES }, () => new Uint32Array(SMALLEST_TABLE));
  readonly #counts = new Uint32Array(TABLES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns false if it was there already */
  add(bytes: Uint8Array): boolean {
    const words = new Uint32Array(WORDS);
    new Uint8Array(words.buffer).set(bytes);
    const name = (words[0] as number) % TABLES;
    const table = this.#tables[name] as Uint32Array;
    const free = this.#find(table, words);
    if (free < 0) return false;
    this.#append(words);
    table[free] = this.#size;
    this.#counts[name] = (this.#counts[name] as number) + 1;
    if ((this.#counts[name] as number) * 2 > table.length) this.#grow(name);
    return true;
  }

  /** The hashes from one place to another, one after the other. */
  bytes(from: number, to: number): Buffer {
    const result = Buffer.alloc((to - from) * HASH_BYTES);
    for (let i = from; i < to; i++) {
      const [segment, at] = this.#placeOf(i);
      const words = segment.subarray(at, at + WORDS);
      result.set(new Uint8Array(words.buffer, words.byteOffset, HASH_BYTES), (i - from) * HASH_BYTES);
    }
    return result;
  }

  #placeOf(index: number): [Uint32Array, number] {
    return [this.#segments[Math.floor(index / SEGMENT)] as Uint32Array, (index % SEGMENT) * WORDS];
  }

  #append(words: Uint32Array): void {
    if (this.#size % SEGMENT === 0) this.#segments.push(new Uint32Array(SEGMENT * WORDS));
    const [segment, at] = this.#placeOf(this.#size++);
    segment.set(words, at);
  }

  /** The slot where it belongs; negative: it is there. */
  #find(table: Uint32Array, words: Uint32Array): number {
    let slot = (words[1] as number) & (table.length - 1);
    for (let index = table[slot] as number; index !== 0; index = table[slot] as number) {
      const [segment, at] = this.#placeOf(index - 1);
      if (words.every((word, i) => word === segment[at + i])) return -1;
      slot = (slot + 1) & (table.length - 1);
    }
    return slot;
  }

  #grow(name: number): void {
    const old = this.#tables[name] as Uint32Array;
    const table = new Uint32Array(old.length * 2);
    for (const index of old) {
      if (index === 0) continue;
      const [segment, at] = this.#placeOf(index - 1);
      let slot = (segment[at + 1] as number) & (table.length - 1);
      while (table[slot] !== 0) slot = (slot + 1) & (table.length - 1);
      table[slot] = index;
    }
    this.#tables[name] = table;
  }
}
