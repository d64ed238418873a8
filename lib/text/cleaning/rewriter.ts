/** Builds a cleaned text from pieces of its source, with the map back. */
import { OffsetMap, Runs } from './offset-map.js';

/** What a step of cleaning makes of a text. */
export interface MappedText {
  /** The text after the step. */
  text: string;
  /** Leads from `text` back to the source. */
  map: OffsetMap;
}

export function unchanged(text: string): MappedText {
  return { text, map: OffsetMap.identity(text.length) };
}

/** The source is gone through once, from its start to its end; what is neither copied nor replaced is left out. */
export class Rewriter {
  readonly #pieces: string[] = [];
  readonly #runs = new Runs();
  /** UTF-16 units written. */
  length = 0;

  constructor(readonly source: string) {}

  copy(start: number, end: number): void {
    if (start >= end) return;
    this.#runs.add(end - start, start, end, true);
    this.#write(this.source.slice(start, end));
  }

  /** Writes `text` for the source from `start` to `end`. */
  put(text: string, start: number, end: number): void {
    this.#runs.add(text.length, start, end, false);
    this.#write(text);
  }

  finish(): MappedText {
    return { text: this.#pieces.join(''), map: new OffsetMap(this.#runs, this.length, this.source.length) };
  }

  #write(text: string): void {
    this.#pieces.push(text);
    this.length += text.length;
  }
}

/**
 * Replaces every match of a pattern, as `String.replace` does.
 * @param pattern with the flag g, and without groups that capture
 */
export function rewrite(
  source: string,
  pattern: RegExp,
  replacement: string | ((match: string, start: number) => string),
): MappedText {
  const out = new Rewriter(source);
  let end = 0;
  source.replace(pattern, (match: string, start: number) => {
    const text = typeof replacement === 'string' ? replacement : replacement(match, start);
    if (text === match) return '';
    out.copy(end, start);
    end = start + match.length;
    out.put(text, start, end);
    return '';
  });
  if (end === 0) return unchanged(source);
  out.copy(end, source.length);
  return out.finish();
}

/** The steps after one another; `source` is what the first one read. */
export function chain(source: string, steps: readonly ((text: string) => MappedText)[]): MappedText {
  let all = unchanged(source);
  for (const step of steps) {
    const { text, map } = step(all.text);
    if (text !== all.text) all = { text, map: map.after(all.map) };
  }
  return all;
}
