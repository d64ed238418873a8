/** What the tests of streams share: sources that tell what was done to them, and ways to read a stream. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StreamItem } from '../../../lib/batching/stream.js';
import type { Input } from '../../../lib/input.js';

/** Notes how far it was read and whether it was closed. */
export class Source {
  read = 0;
  closed = false;

  constructor(readonly length: number) {}

  *texts(): Generator<string> {
    try {
      for (; this.read < this.length; ) yield `text ${this.read++}`;
    } finally {
      this.closed = true;
    }
  }

  async *later(): AsyncGenerator<string> {
    yield* this.texts();
  }
}

/** Answers when a test gives it something to answer with. */
export class Feed implements AsyncIterableIterator<Input> {
  closed = false;
  readonly #asked: ((step: IteratorResult<Input>) => void)[] = [];
  readonly #given: Input[] = [];

  next(): Promise<IteratorResult<Input>> {
    return new Promise((resolve) => {
      this.#asked.push(resolve);
      this.#answer();
    });
  }

  /** Gives texts, and lets everything that follows from that happen. */
  async give(...texts: Input[]): Promise<void> {
    this.#given.push(...texts);
    this.#answer();
    for (let turn = 0; turn < 5; turn++) await nextTurn();
  }

  async return(): Promise<IteratorResult<Input>> {
    this.closed = true;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #answer(): void {
    while (this.#asked.length > 0 && this.#given.length > 0) {
      this.#asked.shift()?.({ done: false, value: this.#given.shift() as Input });
    }
  }
}

export async function collect(stream: AsyncIterable<StreamItem>): Promise<StreamItem[]> {
  const items: StreamItem[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Reads to the end, or to the failure. */
export async function readAll(stream: AsyncIterable<StreamItem>): Promise<{ indices: number[]; failure: unknown }> {
  const indices: number[] = [];
  try {
    for await (const { index } of stream) indices.push(index);
  } catch (failure) {
    return { indices, failure };
  }
  return { indices, failure: undefined };
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Some turns of the event loop: as much as a schedule needs that depends on no timer. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}
