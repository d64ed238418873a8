/** Where the tokens of a long text begin: what chunks are planned by before they are counted. */
import { OvembedError } from '../../errors.js';
import { boundaryBefore, isGraphemeBoundary } from './graphemes.js';
import type { ChunkEmbedder } from './options.js';
import { firstAbove } from './splitters.js';
import type { Splitter } from './structure.js';

/** UTF-16 units that are tokenised in one piece. */
const PIECE = 32_768;
/** Pieces of one call: half a megabyte, a few milliseconds of copying. */
const PIECES = 16;

export class TokenIndex {
  /** Starts, ascending. A token whose start is told to lie in front of its predecessor's counts as beginning there. */
  readonly #starts: Uint32Array;

  private constructor(starts: Uint32Array) {
    this.#starts = starts;
  }

  /** Tokenises a text piece by piece; at the seams a token may be more or fewer than in the whole. */
  static async of(embedder: ChunkEmbedder, text: string, signal: AbortSignal | undefined): Promise<TokenIndex> {
    let starts = new Uint32Array(Math.ceil(text.length / 3) + 16);
    let count = 0;
    for (let from = 0; from < text.length; ) {
      const bounds = [from];
      while (bounds.length <= PIECES && from < text.length) {
        from = pieceEnd(text, from);
        bounds.push(from);
      }
      const pieces = bounds.slice(1).map((end, i) => text.slice(bounds[i], end));
      const encoded = await embedder.tokenize(pieces, { addSpecialTokens: false, ...(signal && { signal }) });
      if (encoded.length !== pieces.length) throw wrongCount('tokenize', pieces.length, encoded.length);
      for (const [i, { offsets }] of encoded.entries()) {
        const more = offsets.length / 2;
        if (count + more > starts.length) starts = grown(starts, count + more);
        const base = bounds[i] as number;
        for (let token = 0; token < more; token++) {
          const start = base + (offsets[2 * token] as number);
          starts[count] = count > 0 ? Math.max(start, starts[count - 1] as number) : start;
          count++;
        }
      }
    }
    return new TokenIndex(starts.subarray(0, count));
  }

  /** Tokens that begin in a span. */
  count(start: number, end: number): number {
    return firstAbove(this.#starts, end - 1) - firstAbove(this.#starts, start - 1);
  }

  /** In front of every token that begins where a text may be cut. */
  readonly splitter: Splitter = (text, start, end) => this.#cuts(text, start, end);

  *#cuts(text: string, start: number, end: number): Generator<number, void, undefined> {
    let last = start;
    for (let i = firstAbove(this.#starts, start); i < this.#starts.length; i++) {
      const at = this.#starts[i] as number;
      if (at >= end) return;
      if (at === last) continue;
      last = at;
      if (isGraphemeBoundary(text, at)) yield at;
    }
  }
}

export function wrongCount(method: string, expected: number, actual: number): OvembedError {
  const message = `embedder.${method} gave ${actual} results for ${expected} texts.`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}

function pieceEnd(text: string, from: number): number {
  const most = from + PIECE;
  if (most >= text.length) return text.length;
  const line = text.lastIndexOf('\n', most - 1);
  if (line > from + PIECE / 2) return line + 1;
  const space = text.lastIndexOf(' ', most - 1);
  return space > from + PIECE / 2 ? space : boundaryBefore(text, most, from);
}

function grown(array: Uint32Array<ArrayBuffer>, least: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(least, 2 * array.length));
  larger.set(array);
  return larger;
}
