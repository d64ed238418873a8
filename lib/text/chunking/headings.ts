/** Which scopes a chunk lies in, asked for one chunk after the other. */
import type { Scope } from './structure.js';

export class Headings {
  readonly #scopes: readonly Scope[];
  readonly #text: string;
  #next = 0;
  /** Those that began and have not ended, outermost first. */
  readonly #open: Scope[] = [];

  constructor(text: string, scopes: readonly Scope[]) {
    this.#text = text;
    this.#scopes = scopes;
  }

  /** The names of the scopes that hold all of a span, white space around it left aside. @param start not less than before */
  of(start: number, end: number): string[] {
    if (this.#scopes.length === 0) return [];
    const text = this.#text.slice(start, end);
    const first = start + (text.length - text.trimStart().length);
    const last = start + text.trimEnd().length;
    for (; this.#next < this.#scopes.length; this.#next++) {
      const scope = this.#scopes[this.#next] as Scope;
      if (scope.start > first) break;
      this.#close(scope.start);
      this.#open.push(scope);
    }
    this.#close(first);
    return this.#open.filter((scope) => scope.end >= last).map(({ name }) => name);
  }

  #close(at: number): void {
    while (this.#open.length > 0 && (this.#open.at(-1) as Scope).end <= at) this.#open.pop();
  }
}
