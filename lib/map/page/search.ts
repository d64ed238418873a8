/** Which points have all words of a query in their text or their fields (but those of numbers), in any case. */
import type { Points } from './points.js';

export class Search {
  readonly #points: Points;
  #lowered: string[] | undefined;

  constructor(points: Points) {
    this.#points = points;
  }

  /** 1 for each point that is found; null: the query is empty. */
  find(query: string): Uint8Array | null {
    const words = wordsOf(query);
    if (words.length === 0) return null;
    this.#lowered ??= this.#lower();
    return Uint8Array.from(this.#lowered, (text) => (words.every((word) => text.includes(word)) ? 1 : 0));
  }

  #lower(): string[] {
    const fields = this.#points.fields.filter(({ field }) => field.kind !== 'number');
    return this.#points.texts.map((text, i) => {
      return [text, ...fields.map((field) => field.show(i) ?? '')].join('\n').toLowerCase();
    });
  }
}

export function wordsOf(query: string): string[] {
  return query.toLowerCase().split(/\s+/).filter(Boolean);
}

/** The text in pieces; every other one, beginning with the second, is a word of the query. */
export function split(text: string, query: string): string[] {
  const words = wordsOf(query).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return words.length === 0 ? [text] : text.split(new RegExp(`(${words.join('|')})`, 'iu'));
}
