/** Cuts what is too long by ever weaker splitters, until everything fits. */
import type { Splitter } from './structure.js';
import type { TokenIndex } from './token-index.js';

/** A part of a text that is not cut, at least for now. */
export interface Unit {
  start: number;
  end: number;
  /** Tokens that begin in it. */
  tokens: number;
  /** How weak the cut behind it is: index of the splitter that made it; -1: the end of the text. */
  level: number;
  /** Index of the first splitter that has not been tried on it. */
  next: number;
}

export class Units {
  readonly #text: string;
  readonly #tokens: TokenIndex;
  readonly #splitters: readonly Splitter[];
  readonly #hard: number;

  /** @param hard so many of the first splitters cut whatever fits, too */
  constructor(text: string, tokens: TokenIndex, splitters: readonly Splitter[], hard: number) {
    this.#text = text;
    this.#tokens = tokens;
    this.#splitters = splitters;
    this.#hard = hard;
  }

  /** The units of the text, each of at most so many tokens, as long as something can be cut. */
  all(room: number): Generator<Unit, void, undefined> {
    const end = this.#text.length;
    return this.#refined(this.#unit(0, end, -1, 0), room);
  }

  /** The parts of a unit that the next splitter with anything to cut makes of it; undefined: none has. */
  split({ start, end, level, next }: Unit): Unit[] | undefined {
    for (let splitter = next; splitter < this.#splitters.length; splitter++) {
      const parts = [...this.#parts(start, end, level, splitter)];
      if (parts.length > 1) return parts;
    }
    return undefined;
  }

  *#refined(unit: Unit, room: number): Generator<Unit, void, undefined> {
    const { start, end, level, next } = unit;
    const fits = next >= this.#hard && unit.tokens <= room;
    if (fits || next === this.#splitters.length) yield unit;
    else for (const part of this.#parts(start, end, level, next)) yield* this.#refined(part, room);
  }

  /** The last part ends where the whole does, so the cut behind it is as strong. */
  *#parts(start: number, end: number, level: number, splitter: number): Generator<Unit, void, undefined> {
    let from = start;
    for (const cut of (this.#splitters[splitter] as Splitter)(this.#text, start, end)) {
      yield this.#unit(from, cut, splitter, splitter + 1);
      from = cut;
    }
    yield this.#unit(from, end, level, splitter + 1);
  }

  #unit(start: number, end: number, level: number, next: number): Unit {
    return { start, end, tokens: this.#tokens.count(start, end), level, next };
  }
}
