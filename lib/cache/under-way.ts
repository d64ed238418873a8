/** Texts that some call is computing right now, so that others wait for it instead of computing them too. */
import type { Priority } from '../batching/work.js';
import type { CachedEmbedding } from './record.js';

/** A text that a call computes, for all who wait for it. */
export interface Computing {
  readonly key: string;
  resolve(embedding: CachedEmbedding): void;
  /** Nothing more comes: who still waits computes it. */
  end(): void;
}

interface Entry {
  priority: Priority;
  result: Promise<CachedEmbedding>;
}

const ENDED = new Error('The call that computed this text ended without it.');

export class UnderWay {
  readonly #entries = new Map<string, Entry>();

  /**
   * Which of these texts a call has to compute itself, now noted as its own, and which it can wait for. An interactive call
   * does not wait for texts of bulk calls: these may be far back in the queue.
   */
  divide(keys: readonly string[], priority: Priority): { own: Computing[]; others: (Entry & { key: string })[] } {
    const own: Computing[] = [];
    const others: (Entry & { key: string })[] = [];
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry && (entry.priority === 'interactive' || priority === 'bulk')) others.push({ key, ...entry });
      else own.push(this.#begin(key, priority));
    }
    return { own, others };
  }

  #begin(key: string, priority: Priority): Computing {
    let resolve!: (embedding: CachedEmbedding) => void;
    let reject!: (reason: unknown) => void;
    const result = new Promise<CachedEmbedding>((onValue, onFailure) => {
      resolve = onValue;
      reject = onFailure;
    });
    result.catch(() => {}); // often nobody waits
    const entry = { priority, result };
    this.#entries.set(key, entry);
    const end = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      reject(ENDED);
    };
    return { key, resolve, end };
  }
}
