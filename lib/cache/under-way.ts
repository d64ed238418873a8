/** Texts that some call is computing right now, so that others wait for it instead of computing them too. */
import type { Priority } from '../batching/work.js';
import type { CachedEmbedding } from './record.js';

export class UnderWay {
  readonly #entries = new Map<string, Computing>();

  /**
   * Which of these texts a call has to compute itself, now noted as its own, and which it can wait for. An interactive call
   * does not wait for texts of bulk calls: these may be far back in the queue.
   */
  divide(keys: Iterable<string>, priority: Priority): { own: Computing[]; others: Computing[] } {
    const own: Computing[] = [];
    const others: Computing[] = [];
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry && (entry.priority === 'interactive' || priority === 'bulk')) others.push(entry);
      else own.push(this.#begin(key, priority));
    }
    return { own, others };
  }

  #begin(key: string, priority: Priority): Computing {
    const entry = new Computing(key, priority, () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    this.#entries.set(key, entry);
    return entry;
  }
}

/** A text that a call computes, for all who wait for it; often nobody does. */
export class Computing {
  readonly key: string;
  readonly priority: Priority;
  readonly #onEnd: () => void;
  #embedding: CachedEmbedding | undefined;
  #waiting: ((embedding: CachedEmbedding | undefined) => void)[] | undefined;

  constructor(key: string, priority: Priority, onEnd: () => void) {
    this.key = key;
    this.priority = priority;
    this.#onEnd = onEnd;
  }

  /** Never rejects. Undefined: the call ended without it. */
  wait(): Promise<CachedEmbedding | undefined> {
    if (this.#embedding) return Promise.resolve(this.#embedding);
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  resolve(embedding: CachedEmbedding): void {
    this.#embedding = embedding;
    this.#answer();
  }

  /** Nothing more comes: who still waits computes it. */
  end(): void {
    this.#onEnd();
    this.#answer();
  }

  #answer(): void {
    for (const resolve of this.#waiting ?? []) resolve(this.#embedding);
    this.#waiting = undefined;
  }
}
