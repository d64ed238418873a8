/** What a strategy knows of a text: where it can be cut, from the strongest places to the weakest. */

/**
 * Cuts a span of the text into parts: gives the places between `start` and `end`, both exclusive, ascending. Takes time
 * linear in the span, whatever it holds, and gives them one by one, so that nobody waits for more than are needed.
 */
export type Splitter = (text: string, start: number, end: number) => Iterable<number>;

/** A part of a text with a name: a section under its heading, a class, a function. Scopes lie within each other or apart. */
export interface Scope {
  start: number;
  /** Exclusive. */
  end: number;
  name: string;
}

/** A text as a strategy sees it. */
export interface Structure {
  /**
   * The strongest first. A part that is too long is cut by the next one; the packer adds tokens, graphemes and
   * characters behind the last, so that every part fits in the end.
   */
  splitters: readonly Splitter[];
  /** A chunk does not go over cuts of so many of the first splitters, unless it is smaller than `minTokens`. Default: 0. */
  hard?: number;
  /** Index of the splitter whose parts are repeated as overlap, where a stronger cut lies between two chunks. */
  overlap: number;
  /** In the order of their starts, outer ones first. Default: none. */
  scopes?: readonly Scope[];
}
