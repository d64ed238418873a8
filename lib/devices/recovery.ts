/** What is done about one batch that a device failed with. */
import type { RunResult } from '../batching/work.js';
import { OvembedError } from '../errors.js';
import type { BatchPart } from '../native.js';
import { type Device, isHang } from './device.js';
import type { Fallback, RunningBatch } from './fallback.js';
import { joinPieces, type Piece, rowsOf, sliceRows } from './rows.js';

/** What came of a try. A result may hold NaN. */
type Outcome = { result: RunResult } | { error: unknown };

/** Vectors with NaN or an infinity are a device's failure as much as an error is, until it is known to be the text's. */
export function isSound({ nonFiniteRows }: RunResult): boolean {
  return nonFiniteRows.length === 0;
}

/** What ends a batch that nobody waits for. */
export function cancelled(): OvembedError {
  return new OvembedError('ERR_CLOSED', 'The work was cancelled.');
}

/** Jitter, as a share of a pause: batches that failed together do not all come back together. */
const JITTER = 0.5;

/**
 * Tries again after a pause, then on the next device. Only when the batch has come through elsewhere is a failure counted
 * against a device, since it may be the batch's: where no device runs it though one runs other texts, the batch is cut in
 * halves until the texts that cannot be run are alone.
 */
export class Recovery {
  readonly #fallback: Fallback;
  readonly #batch: RunningBatch;
  /** Devices that failed with the batch, with the last error of each. */
  readonly #failed = new Map<Device, unknown>();

  constructor(fallback: Fallback, batch: RunningBatch) {
    this.#fallback = fallback;
    this.#batch = batch;
  }

  /** @param outcome of the first try */
  async run(outcome: Outcome): Promise<RunResult> {
    for (let last = outcome; ; ) {
      const { device } = this.#batch;
      last = await this.#tryAgain(device, this.#batch.parts, last);
      if (isGood(last)) return this.#succeed(last.result);
      this.#failed.set(device, errorOf(last));
      const next = this.#fallback.choose(this.#failed);
      if (!next) return this.#blame(device, last);
      this.#fallback.options.observer.onFallback(device, next, errorOf(last));
      last = await this.#try(next, this.#batch.parts);
    }
  }

  /** The tries that are left on a device. */
  async #tryAgain(device: Device, parts: readonly BatchPart[], first: Outcome): Promise<Outcome> {
    let last = first;
    // Arithmetic is repeatable: once more shows a device whose memory or driver is not.
    const tries = 'result' in first ? Math.min(2, this.#policy.tries) : this.#policy.tries;
    for (let tried = 1; tried < tries; tried++) {
      if (isGood(last) || !this.#mayRetry(device, last)) break;
      if ('error' in last) await this.#pause(tried);
      device.counts.retries++;
      last = await this.#try(device, parts);
    }
    return last;
  }

  #mayRetry(device: Device, outcome: Outcome): boolean {
    if ('error' in outcome && isHang(outcome.error)) return false;
    if (!device.isAlive) return false;
    // Others may have found out meanwhile that it is of no use.
    return device.isUsable || !this.#fallback.devices.some((other) => other.isUsable);
  }

  /** @throws what is no failure of a device, such as the end of the batch by `cancel` */
  async #try(device: Device, parts: readonly BatchPart[]): Promise<Outcome> {
    const { opened } = device;
    this.#rejectIfCancelled();
    if (!opened) throw new Error(`${device.name} is not open`);
    try {
      return { result: await this.#fallback.try(this.#batch, device, opened.pipeline, parts) };
    } catch (error) {
      return { error };
    }
  }

  #succeed(result: RunResult): RunResult {
    for (const [device, error] of this.#failed) device.failed(error);
    this.#batch.device.succeeded();
    return result;
  }

  /** No device ran it. One that runs another text shows that the batch is to blame. */
  async #blame(device: Device, last: Outcome): Promise<RunResult> {
    if ('result' in last) return last.result; // the texts of these rows, wherever they are run
    const isFit = await this.#isFit(device, last.error);
    this.#rejectIfCancelled();
    if (!isFit) {
      for (const [failed, error] of this.#failed) failed.failed(error);
      throw this.#failure(last.error);
    }
    const pieces = await this.#isolate(device, this.#batch.parts, last);
    if (!pieces.some(({ outcome }) => 'result' in outcome) && rowsOf(this.#batch.parts) > 1) {
      throw this.#failure(last.error);
    }
    if (!pieces.some(({ outcome }) => 'result' in outcome)) return this.#onlyFailure(last.error);
    return joinPieces(pieces, this.#batch.options.output);
  }

  async #isFit(device: Device, error: unknown): Promise<boolean> {
    if (isHang(error) || !device.isAlive) return false;
    return this.#fallback.options.check(device).then(
      () => true,
      () => false,
    );
  }

  /** Cuts what failed in halves. @param failure of all the rows together */
  async #isolate(device: Device, parts: readonly BatchPart[], failure: { error: unknown }): Promise<Piece[]> {
    const rows = rowsOf(parts);
    if (rows === 1) return [{ parts, outcome: failure }];
    const pieces: Piece[] = [];
    const middle = Math.floor(rows / 2);
    for (const half of [sliceRows(parts, 0, middle), sliceRows(parts, middle, rows)]) {
      const first = await this.#try(device, half);
      // A text is given up for good, so it has all its tries.
      const outcome = rowsOf(half) === 1 ? await this.#tryAgain(device, half, first) : first;
      // No text makes a device answer others wrong.
      if ('error' in outcome && this.#fallback.options.verifier?.isWrong(outcome.error)) throw outcome.error;
      if ('result' in outcome) pieces.push({ parts: half, outcome });
      else pieces.push(...(await this.#isolate(device, half, outcome)));
    }
    return pieces;
  }

  /** A text that was alone, so it is known already. */
  #onlyFailure(error: unknown): RunResult {
    const none = { queueMicros: 0, inferMicros: 0, poolMicros: 0 };
    const failures = [{ position: 0, error }];
    return { data: new Float32Array(), nonFiniteRows: new Uint32Array(), ...none, failures };
  }

  #failure(error: unknown): unknown {
    if (this.#failed.size === 1 && error instanceof OvembedError) return error;
    const words = [...this.#failed].map(([{ name }, reason]) => `${name}: ${(reason as Error).message}`).join(' ');
    return new OvembedError('ERR_DEVICE_FAILED', `No device could run a batch. ${words}`, { cause: error });
  }

  #pause(tried: number): Promise<void> {
    const { clock, random = Math.random } = this.#fallback.options;
    const ms = this.#policy.delayMs * 2 ** (tried - 1) * (1 + JITTER * random());
    let callOff = () => {};
    const over = new Promise<void>((resolve) => {
      callOff = clock.soon(ms, resolve);
    });
    return this.#fallback.rest(this.#batch, over, callOff);
  }

  #rejectIfCancelled(): void {
    if (this.#batch.cancelled) throw cancelled();
  }

  get #policy() {
    return this.#fallback.options.policy;
  }
}

function isGood(outcome: Outcome): outcome is { result: RunResult } {
  if ('result' in outcome) return isSound(outcome.result);
  const { error } = outcome;
  const isDevices = !(error instanceof OvembedError) || DEVICE_ERRORS.has(error.code);
  if (!isDevices) throw error;
  return false;
}

/** Others say that a batch was stopped, or what is wrong with it. */
const DEVICE_ERRORS: ReadonlySet<string> = new Set(['ERR_DEVICE_FAILED', 'ERR_OUT_OF_MEMORY']);

function errorOf(outcome: Outcome): unknown {
  if ('error' in outcome) return outcome.error;
  return new OvembedError('ERR_NON_FINITE', 'gave vectors with NaN or an infinity');
}
