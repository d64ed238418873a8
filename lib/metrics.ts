/**
 * Counters and histograms since the load, as monitoring systems want them: cumulative, so that an exporter for Prometheus or
 * OpenTelemetry only has to read them. Counting is a few additions per batch and per call, never per text or token.
 */
import { Rate } from './batching/rate.js';
import type { SchedulerObserver } from './batching/scheduler.js';
import type { BatchReport, Priority } from './batching/work.js';
import type { DeviceCounts } from './devices/device.js';
import { OvembedError } from './errors.js';
import { Histogram, type HistogramSnapshot } from './histogram.js';

export type { HistogramSnapshot } from './histogram.js';

/** What `Embedder.metrics()` gives. Counters only grow. */
export interface MetricsSnapshot extends CallMetrics {
  /** Batches that went to another device after one had failed with them. */
  readonly fallbacks: number;
  /** What happened on each device, by its name. */
  readonly devices: Readonly<Record<string, Readonly<DeviceCounts>>>;
}

/** What is counted of calls and batches. */
export interface CallMetrics {
  /** Calls that ended, by outcome: `ok`, `aborted`, an error code, or `ERROR` for what is no OvembedError. */
  readonly calls: Readonly<Record<string, number>>;
  /** Texts that were run on the device. */
  readonly texts: number;
  /** Their tokens, padding left out. */
  readonly tokens: number;
  /** Tokens that the device worked on, padding counted. */
  readonly paddedTokens: number;
  /** Batches that were run, by the priority of their first text. */
  readonly batches: Readonly<Record<Priority, number>>;
  /** Milliseconds of calls from start to end, whatever the end. */
  readonly callMs: HistogramSnapshot;
  /** Milliseconds of batches on the device. */
  readonly inferMs: HistogramSnapshot;
  /** Milliseconds of pooling a batch. */
  readonly poolMs: HistogramSnapshot;
  /** Milliseconds that the texts of a call waited for the device. */
  readonly queueMs: HistogramSnapshot;
  /** Texts per batch. */
  readonly batchTexts: HistogramSnapshot;
}

/** From the fastest query to the slowest batch. */
const MS_BOUNDS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, Infinity];
const RATE_WINDOW_MS = 10_000;
const TEXT_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, Infinity];

export class Metrics implements SchedulerObserver {
  readonly #calls: Record<string, number> = {};
  readonly #batches: Record<Priority, number> = { interactive: 0, bulk: 0 };
  readonly #callMs = new Histogram(MS_BOUNDS);
  readonly #inferMs = new Histogram(MS_BOUNDS);
  readonly #poolMs = new Histogram(MS_BOUNDS);
  readonly #queueMs = new Histogram(MS_BOUNDS);
  readonly #batchTexts = new Histogram(TEXT_BOUNDS);
  readonly #textRate = new Rate(RATE_WINDOW_MS);
  readonly #tokenRate = new Rate(RATE_WINDOW_MS);
  #ratedAt = performance.now();
  #texts = 0;
  #tokens = 0;
  #paddedTokens = 0;

  /** A batch came back. */
  onBatch({ rows, tokens, bucket, inferMs, poolMs }: BatchReport, priority: Priority): void {
    this.#rate(rows, tokens);
    this.#batches[priority]++;
    this.#texts += rows;
    this.#tokens += tokens;
    this.#paddedTokens += rows * bucket;
    this.#inferMs.add(inferMs);
    this.#poolMs.add(poolMs);
    this.#batchTexts.add(rows);
  }

  /** The first texts of a work went to the device. */
  onDeparture(waitedMs: number): void {
    this.#queueMs.add(waitedMs);
  }

  /**
   * A call ended.
   * @param failure what it rejected with; undefined: it went well
   * @param signal the caller's, whose reason is an abort whatever it is
   */
  onCall(ms: number, failure?: { reason: unknown }, signal?: AbortSignal): void {
    const outcome = failure ? outcomeOf(failure.reason, signal) : 'ok';
    this.#calls[outcome] = (this.#calls[outcome] ?? 0) + 1;
    this.#callMs.add(ms);
  }

  /** What was done per second over about the last ten seconds. */
  rates(): { textsPerSecond: number; tokensPerSecond: number } {
    this.#rate(0, 0);
    const perSecond = ({ perMs = 0 }: Rate) => perMs * 1_000;
    return { textsPerSecond: perSecond(this.#textRate), tokensPerSecond: perSecond(this.#tokenRate) };
  }

  snapshot(): CallMetrics {
    return {
      calls: { ...this.#calls },
      texts: this.#texts,
      tokens: this.#tokens,
      paddedTokens: this.#paddedTokens,
      batches: { ...this.#batches },
      callMs: this.#callMs.snapshot(),
      inferMs: this.#inferMs.snapshot(),
      poolMs: this.#poolMs.snapshot(),
      queueMs: this.#queueMs.snapshot(),
      batchTexts: this.#batchTexts.snapshot(),
    };
  }

  #rate(texts: number, tokens: number): void {
    const now = performance.now();
    for (const [rate, amount] of [
      [this.#textRate, texts],
      [this.#tokenRate, tokens],
    ] as const) {
      rate.add(0, now - this.#ratedAt);
      rate.add(amount, 0);
    }
    this.#ratedAt = now;
  }
}

/** `aborted`, an error code, or `ERROR`. @param signal the caller's */
export function outcomeOf(reason: unknown, signal: AbortSignal | undefined): string {
  if (signal?.aborted && signal.reason === reason) return 'aborted';
  return reason instanceof OvembedError ? reason.code : 'ERROR';
}
