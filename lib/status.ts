/** What an embedder is doing right now. */
import type { Scheduler } from './batching/scheduler.js';
import type { Priority } from './batching/work.js';

/** Texts that wait for the device, those being tokenised included. */
export interface QueueStatus {
  /** Texts that wait for the device. */
  texts: number;
  /** Of the texts that are tokenised. */
  tokens: number;
  /** How full it is, from 0 to 1: the fuller of texts and tokens, of their bounds. */
  fraction: number;
  /** Milliseconds that a text which comes now will wait, by the speed of the last seconds; 0 where that is not known. */
  waitMs: number;
}

/** What `Embedder.status()` gives. */
export interface EmbedderStatus {
  /** `closing`: no new calls, the last ones are being finished. */
  state: 'ready' | 'closing' | 'closed';
  /** What waits, by priority. */
  queue: Readonly<Record<Priority, QueueStatus>>;
  /** Batches, and their texts, that are on the device. */
  inFlight: { batches: number; texts: number };
  /** What was done per second over about the last ten seconds. */
  rates: { textsPerSecond: number; tokensPerSecond: number };
}

export function queueStatus({ admission }: Scheduler, priority: Priority): QueueStatus {
  const { texts, tokens, max } = admission.queue(priority);
  const fraction = Math.min(1, Math.max(texts / max.texts, tokens / max.tokens));
  return { texts, tokens, fraction, waitMs: admission.waitMs(priority) };
}
