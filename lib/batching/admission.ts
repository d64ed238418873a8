/**
 * Who may join the queue. A call that finds its lane full, or so long that it could not be served in time, is refused at
 * once with a hint when to come back. Further windows of a call that was let in wait for room instead, so that nothing that
 * was begun is lost.
 */

import { OvembedError } from '../errors.js';
import type { StopSignal } from '../signals.js';
import { Bound } from './bound.js';
import { Rate } from './rate.js';
import type { Call, Priority } from './work.js';

/** Most that may wait in a lane, of texts and of their tokens. */
export interface QueueSize {
  texts: number;
  tokens: number;
}

interface LaneBounds {
  texts: Bound;
  /** Known once texts are tokenised. */
  tokens: Bound;
}

/**
 * Of `queueTimeoutMs`, the share that a call is let in for. While more comes than is done, the queue is as long as it may be, and how
 * long it takes is only an estimate: let in for all of their time, half of the calls would wait all of it for nothing.
 */
export const QUEUE_SHARE = 0.5;

/** The device's speed is that of its last seconds of work. */
const RATE_WINDOW_MS = 2_000;
const SHORTEST_RETRY_MS = 10;
const LONGEST_RETRY_MS = 60_000;
/** Where the device's speed is not known yet. */
const UNKNOWN_RETRY_MS = 1_000;

export class Admission {
  readonly #bounds: Record<Priority, LaneBounds>;
  readonly #rate = new Rate(RATE_WINDOW_MS);

  constructor({ texts, tokens }: QueueSize) {
    const bounds = () => ({ texts: new Bound(texts), tokens: new Bound(tokens) });
    this.#bounds = { interactive: bounds(), bulk: bounds() };
  }

  /** Texts and tokens that wait, or are being tokenised, and their bounds. */
  queue(priority: Priority): { texts: number; tokens: number; max: QueueSize } {
    const { texts, tokens } = this.#bounds[priority];
    return { texts: texts.used, tokens: tokens.used, max: { texts: texts.max, tokens: tokens.max } };
  }

  /** Tokens that the device does in a millisecond while texts wait for it; undefined until that was measured. */
  get tokensPerMs(): number | undefined {
    return this.#rate.perMs;
  }

  /** So many tokens were done in `ms` in which the device was busy. */
  measured(tokens: number, ms: number): void {
    this.#rate.add(tokens, ms);
  }

  /** How long a text that joins the lane now will wait, by the tokens before it; 0 where the speed is not known. */
  waitMs(priority: Priority): number {
    const ahead = this.#bounds[priority].tokens.used;
    return Math.round(ahead / (this.tokensPerMs ?? Infinity));
  }

  /** When a call that is not served now may come again. */
  retryAfterMs(priority: Priority): number {
    return this.tokensPerMs === undefined ? UNKNOWN_RETRY_MS : retryAfter(this.waitMs(priority));
  }

  /**
   * Room for the first texts of a call.
   * @throws OvembedError `ERR_OVERLOADED`
   */
  admit(call: Call, texts: number): Place {
    this.check(call);
    const bounds = this.#bounds[call.priority];
    if (!bounds.texts.tryTake(texts)) throw this.#full(call, texts, 0);
    return new Place(bounds, texts);
  }

  /**
   * Refuses a call whatever its size: before anything is done for it.
   * @throws OvembedError `ERR_OVERLOADED`
   */
  check(call: Call): void {
    const bounds = this.#bounds[call.priority];
    if (!bounds.texts.fits(1) || !bounds.tokens.fits(1)) throw this.#full(call, 1, 1);
    this.#rejectIfTooLate(call);
  }

  /** Room for further texts of a call, as soon as there is some. */
  async wait(call: Call, texts: number, signal: StopSignal): Promise<Place> {
    const bounds = this.#bounds[call.priority];
    await bounds.texts.take(texts, signal);
    return new Place(bounds, texts);
  }

  /**
   * Room for the tokens of a call's first texts.
   * @throws OvembedError `ERR_OVERLOADED`
   */
  admitTokens(call: Call, place: Place, tokens: number): void {
    if (!this.#bounds[call.priority].tokens.tryTake(tokens)) throw this.#full(call, 0, tokens);
    place.enterTokens(tokens);
  }

  /** Room for the tokens of further texts, as soon as there is some. */
  async waitTokens(call: Call, place: Place, tokens: number, signal: StopSignal): Promise<void> {
    await this.#bounds[call.priority].tokens.take(tokens, signal);
    place.enterTokens(tokens);
  }

  #rejectIfTooLate({ name, priority, queueTimeoutMs, timeoutMs }: Call): void {
    const limits = [queueTimeoutMs * QUEUE_SHARE, timeoutMs].filter((limit) => limit > 0);
    const limit = Math.min(...limits);
    const waitMs = this.waitMs(priority);
    if (waitMs <= limit) return;
    const message = `${name} would wait about ${waitMs} ms for the device; calls are let in for ${limit} ms. Try again later, or allow more.`;
    throw new OvembedError('ERR_OVERLOADED', message, { retryAfterMs: retryAfter(waitMs - limit) });
  }

  #full({ name, priority }: Call, texts: number, tokens: number): OvembedError {
    const queue = this.queue(priority);
    const excess = Math.max(queue.tokens + tokens - queue.max.tokens, queue.tokens * (texts / queue.max.texts), 1);
    const speed = this.tokensPerMs;
    return new OvembedError(
      'ERR_OVERLOADED',
      `The queue has no room for ${name}: ${queue.texts} of ${queue.max.texts} texts and ${queue.tokens} of ` +
        `${queue.max.tokens} tokens wait. Try again after retryAfterMs, or load with a larger maxQueue.`,
      { retryAfterMs: speed === undefined ? UNKNOWN_RETRY_MS : retryAfter(excess / speed) },
    );
  }
}

function retryAfter(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), SHORTEST_RETRY_MS), LONGEST_RETRY_MS);
}

/** What one window has in the queue. */
export class Place {
  readonly #bounds: LaneBounds;
  #texts: number;
  #tokens = 0;

  /** @param texts have been taken from the bound */
  constructor(bounds: LaneBounds, texts: number) {
    this.#bounds = bounds;
    this.#texts = texts;
  }

  /** @internal @param tokens have been taken from the bound */
  enterTokens(tokens: number): void {
    this.#tokens += tokens;
  }

  /** Some go to the device: rows, of which a text that is read in windows has several, but only one place. */
  leave(rows: number, tokens: number): void {
    const texts = Math.min(rows, this.#texts);
    this.#texts -= texts;
    this.#tokens -= tokens;
    this.#bounds.texts.give(texts);
    this.#bounds.tokens.give(tokens);
  }

  /** All that are left go, whatever became of them. */
  leaveAll(): void {
    if (this.#texts > 0 || this.#tokens > 0) this.leave(this.#texts, this.#tokens);
  }
}
