/**
 * Work that other code of the process can watch, on tracing channels of `node:diagnostics_channel`: `ovembed/otel` makes
 * spans and metrics of it. While nobody does, it costs a look at five flags. No message holds a text, a vector, or the words of an
 * error, which may quote what a caller gave.
 */
import type { TracingChannel } from 'node:diagnostics_channel';

/** What every message has: the same object on all channels of one piece of work. */
export interface Watched {
  /** Put here by a subscriber of `start` that wants the work to run in a context of its own; it runs what was here before. */
  run?: <T>(work: () => T) => T;
  /** Of work that is over: `ok`, `aborted` by its caller, an error code, or `ERROR` for what is no OvembedError. */
  outcome?: string;
}

/** One piece of work, from `start` and `end` to `asyncStart` and `asyncEnd`, with `error` before these if it failed. */
export class Watch<M extends Watched> {
  readonly message: M;
  /** The same type twice, as the two have another order in @types/node of Node 26. */
  readonly #channel: TracingChannel<M, M>;

  constructor(channel: TracingChannel<M, M>, message: M) {
    this.message = message;
    this.#channel = channel;
    channel.start.publish(message);
    channel.end.publish(message);
  }

  run<T>(work: () => T): T {
    const { run } = this.message;
    return run ? run(work) : work();
  }

  settle(outcome: string): void {
    const { error, asyncStart, asyncEnd } = this.#channel;
    this.message.outcome = outcome;
    if (outcome !== 'ok') error.publish(this.message);
    asyncStart.publish(this.message);
    asyncEnd.publish(this.message);
  }
}
