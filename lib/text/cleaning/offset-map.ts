/** Where each place of a cleaned text stands in its source. */
import { invalidArgument } from '../../errors.js';

/** From `start` to `end`, exclusive, in UTF-16 units. */
export interface Range {
  /** First unit. */
  start: number;
  /** Behind the last unit. */
  end: number;
}

/** A stretch of the cleaned text, and what it comes from. */
export interface Run extends Range {
  /** Where it comes from. */
  source: Range;
  /** Both are the same text. Otherwise the stretch as a whole stands for its source, which is empty for text added. */
  copied: boolean;
}

/**
 * Maps UTF-16 offsets of a cleaned text to its source: runs in typed arrays, 13 bytes each, found by binary search. The
 * map is monotone: of two places in the cleaned text, the later one never starts or ends before the other in the source.
 */
export class OffsetMap {
  readonly #starts: Uint32Array;
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;
  readonly #copied: Uint8Array;

  /** @internal Made by a cleaning step. */
  constructor(
    runs: Runs,
    /** UTF-16 units of the cleaned text. */
    readonly length: number,
    /** UTF-16 units of the source. */
    readonly sourceLength: number,
  ) {
    this.#starts = Uint32Array.from(runs.starts);
    this.#from = Uint32Array.from(runs.from);
    this.#to = Uint32Array.from(runs.to);
    this.#copied = Uint8Array.from(runs.copied);
  }

  /** Of a text that is its own source. */
  static identity(length: number): OffsetMap {
    const runs = new Runs();
    runs.add(length, 0, length, true);
    return new OffsetMap(runs, length, length);
  }

  /**
   * Where the character at an offset of the cleaned text begins in the source; for `length`, where the last one ends.
   * A character that stands for several (`…` for three dots) begins where they begin.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for an offset outside the cleaned text
   */
  sourceOffset(offset: number): number {
    this.#check(offset, 'offset');
    if (offset === this.length) return this.#endBefore(offset);
    const run = this.#runAt(offset);
    const from = this.#from[run] as number;
    return this.#copied[run] ? from + offset - (this.#starts[run] as number) : from;
  }

  /**
   * The shortest range of the source that holds everything a range of the cleaned text comes from.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for a range outside the cleaned text
   */
  sourceRange(start: number, end: number): Range {
    this.#check(start, 'start');
    this.#check(end, 'end');
    const first = this.sourceOffset(start);
    return { start: first, end: end > start ? this.#endBefore(end) : first };
  }

  /** The runs in a range of the cleaned text, in order; those at its edges are cut where they are copies. */
  *runs(start = 0, end = this.length): Generator<Run> {
    for (let run = this.#runAt(start), at = start; at < end; run++) {
      const runEnd = Math.min(end, this.#endOf(run));
      const copied = this.#copied[run] === 1;
      const from = this.#from[run] as number;
      const shift = from - (this.#starts[run] as number);
      const source = copied
        ? { start: at + shift, end: runEnd + shift }
        : { start: from, end: this.#to[run] as number };
      yield { start: at, end: runEnd, source, copied };
      at = runEnd;
    }
  }

  /** The map of two steps: this one, whose source is the cleaned text of `earlier`, after it. */
  after(earlier: OffsetMap): OffsetMap {
    const runs = new Runs();
    for (let run = 0; run < this.#starts.length; run++) {
      const from = this.#from[run] as number;
      const to = this.#to[run] as number;
      if (this.#copied[run]) {
        earlier.#addTo(runs, from, to);
        continue;
      }
      const origin = earlier.#originOf(from, to);
      runs.add(this.#endOf(run) - (this.#starts[run] as number), origin.start, origin.end, false);
    }
    return new OffsetMap(runs, this.length, earlier.sourceLength);
  }

  /** As `runs`, but without an object for each: maps of long texts have hundreds of thousands. */
  #addTo(runs: Runs, start: number, end: number): void {
    for (let run = this.#runAt(start), at = start; at < end; run++) {
      const runEnd = Math.min(end, this.#endOf(run));
      const from = this.#from[run] as number;
      const shift = from - (this.#starts[run] as number);
      if (this.#copied[run]) runs.add(runEnd - at, at + shift, runEnd + shift, true);
      else runs.add(runEnd - at, from, this.#to[run] as number, false);
      at = runEnd;
    }
  }

  /** Text that was put between two characters comes from between them, or from the one that both come from. */
  #originOf(start: number, end: number): Range {
    if (start < end) return this.sourceRange(start, end);
    const before = this.#endBefore(start);
    const after = start < this.length ? this.sourceOffset(start) : before;
    return after < before ? { start: after, end: before } : { start: before, end: before };
  }

  #endBefore(offset: number): number {
    if (offset === 0) return 0;
    const run = this.#runAt(offset - 1);
    if (!this.#copied[run]) return this.#to[run] as number;
    return (this.#from[run] as number) + offset - (this.#starts[run] as number);
  }

  #endOf(run: number): number {
    return this.#starts[run + 1] ?? this.length;
  }

  #runAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #check(offset: number, name: string): void {
    if (Number.isInteger(offset) && offset >= 0 && offset <= this.length) return;
    throw invalidArgument(name, `an integer from 0 to ${this.length}, the length of the cleaned text,`, offset);
  }
}

/** Runs as they come, before their number is known. */
export class Runs {
  readonly starts: number[] = [];
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly copied: number[] = [];
  #length = 0;

  add(length: number, from: number, to: number, copied: boolean): void {
    if (length === 0) return;
    const last = this.starts.length - 1;
    if (copied && this.copied[last] === 1 && this.to[last] === from) {
      this.to[last] = to;
    } else {
      this.starts.push(this.#length);
      this.from.push(from);
      this.to.push(to);
      this.copied.push(copied ? 1 : 0);
    }
    this.#length += length;
  }
}
