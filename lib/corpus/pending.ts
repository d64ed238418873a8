/**
 * Chunks that are on their way through the model, in the order of the corpus. What happens between two chunks (a document ends, a
 * duplicate is left out) belongs to the one before it: it counts as done when that one is written.
 */
import type { VectorRow } from './sink.js';
import { copyOfRead, type ReadState } from './state.js';

/** A row that lacks what the model tells. */
export type PendingRow = Omit<VectorRow, 'vector' | 'tokens'>;

interface Entry {
  row: PendingRow;
  /** How far reading had come when the next row was read; until then it still changes. */
  after: ReadState;
}

export class Pending {
  #entries: Entry[] = [];
  #taken = 0;
  #reading: ReadState;
  #done: ReadState;

  constructor(state: ReadState) {
    this.#reading = state;
    this.#done = state;
  }

  /** How far reading has come; to be changed in place by whatever is no row. */
  get reading(): ReadState {
    return this.#reading;
  }

  /** As of the last row that was taken. */
  get done(): ReadState {
    return this.#done;
  }

  /** A row was read; `reading` is then how far reading has come with it. */
  add(row: PendingRow): void {
    this.#reading = copyOfRead(this.#reading);
    this.#entries.push({ row, after: this.#reading });
  }

  /** The row whose vector comes next. */
  take(): PendingRow {
    const { row, after } = this.#entries[this.#taken++] as Entry;
    this.#done = after;
    if (this.#taken >= 512) {
      this.#entries = this.#entries.slice(this.#taken);
      this.#taken = 0;
    }
    return row;
  }
}
