/** Devices of a chain over pipelines that do as a test says, on a clock that stands still. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RunResult } from '../../../lib/batching/work.js';
import { Device } from '../../../lib/devices/device.js';
import { Fallback } from '../../../lib/devices/fallback.js';
import { type FallbackOptions, fallbackPolicy } from '../../../lib/devices/fallback-options.js';
import { Verifier } from '../../../lib/devices/verifier.js';
import { OvembedError } from '../../../lib/errors.js';
import type { BatchPart, InferOptions, InferResult, NativePipeline } from '../../../lib/native.js';
import { FakeClock } from '../batching/fake-clock.js';
import { encodingOf } from '../batching/fake-device.js';

/** What a device does with the rows of a batch; rejects or throws to fail. A promise that never settles hangs. */
export type Behaviour = (rows: number[]) => unknown;

export class FakePipeline {
  readonly name: string;
  behaviour: Behaviour = () => {};
  /** Vectors come out wrong. */
  isWrong = false;
  /** All tries. */
  readonly tries: number[][] = [];
  readonly stopped: number[] = [];
  closed = 0;
  readonly #pending = new Map<number, (error: Error) => void>();
  readonly pipeline: NativePipeline;

  constructor(name: string) {
    this.name = name;
    this.pipeline = {
      concurrency: 2,
      infer: (parts, options) => this.#infer(parts, options),
      cancel: (job) => this.#end(job, 'ERR_CLOSED'),
      giveUp: (job) => this.#end(job, 'ERR_DEVICE_FAILED'),
      close: async () => void this.closed++,
    } as Partial<NativePipeline> as NativePipeline;
  }

  #end(job: number, code: string): void {
    this.stopped.push(job);
    this.#pending.get(job)?.(Object.assign(new Error('ended'), { code }));
  }

  /** A vector's only value is its row. Rows that the behaviour returns hold NaN. */
  async #infer(parts: readonly BatchPart[], options: InferOptions): Promise<InferResult> {
    const rows = parts.flatMap((part) => [...part.rows]);
    this.tries.push(rows);
    const job = options.job as number;
    const ended = new Promise<never>((_, reject) => this.#pending.set(job, reject));
    ended.catch(() => {});
    const spoilt = ((await Promise.race([this.behaviour(rows), ended])) ?? []) as number[];
    this.#pending.delete(job);
    return {
      data: Float32Array.from(rows, (row) => (spoilt.includes(row) ? Number.NaN : row + (this.isWrong ? 0.5 : 0))),
      nonFiniteRows: Uint32Array.from(rows.flatMap((row, i) => (spoilt.includes(row) ? [i] : []))),
      queueMicros: 0,
      inferMicros: 100,
      poolMicros: 1,
    };
  }
}

export const fails = () => {
  throw new OvembedError('ERR_DEVICE_FAILED', 'broken');
};
export const never = () => new Promise<never>(() => {});

/** Row that stands for the text that shows whether a device is well. */
export const CHECK = 1_000;

class WrongAnswer extends Error {}

export class FakeChain {
  readonly clock = new FakeClock();
  readonly pipelines: FakePipeline[];
  readonly devices: Device[];
  readonly fallback: Fallback;
  readonly events: string[] = [];
  #job = 1;

  /** @param verified devices whose results are held back until they are known to be right */
  constructor(names: string[], options: FallbackOptions = {}, distributes = false, verified: string[] = []) {
    const policy = fallbackPolicy(options);
    this.pipelines = names.map((name) => new FakePipeline(name));
    const check = async (device: Device) => {
      const encoding = encodingOf(new Array(CHECK + 1).fill(1));
      const parts = [{ encoding, rows: Uint32Array.of(CHECK) }];
      const { pipeline } = device.opened as { pipeline: NativePipeline };
      const result = await device.run(
        pipeline,
        parts,
        { ...OPTIONS, job: 2 ** 40 + this.#job++ },
        policy.healthTimeoutMs,
      );
      if (result.nonFiniteRows.length > 0) throw new Error('NaN');
      if (verified.includes(device.name) && result.data[0] !== CHECK) throw new WrongAnswer('wrong');
    };
    this.devices = this.pipelines.map(({ name, pipeline }) => {
      const plan = { device: name, fullName: name, capabilities: [], driver: null, reason: 'asked for' };
      const onChange = (changed: Device, open: boolean) =>
        void this.events.push(`${changed.name} ${open ? 'down' : 'up'}`);
      const device = new Device(plan, { policy, clock: this.clock, check, onChange });
      device.open({ pipeline, computation: { precision: 'f32', activations: 'f32' }, reason: 'asked for' });
      return device;
    });
    this.fallback = new Fallback({
      devices: this.devices,
      distributes,
      policy,
      clock: this.clock,
      check,
      verifier: new Verifier({
        knows: ({ name }) => verified.includes(name),
        check,
        isWrong: (error) => error instanceof WrongAnswer,
        tries: policy.tries,
      }),
      random: () => 0,
      observer: { onFallback: (from, to) => void this.events.push(`${from.name} > ${to.name}`) },
    });
  }

  /** Runs a batch; time passes as it is waited for. */
  async run(rows: number[], patienceMs = 600_000): Promise<Ran> {
    const startedAt = this.clock.now();
    const settled = this.start(rows);
    let ran: Ran | undefined;
    void settled.then((outcome) => (ran = outcome));
    await nextTurn();
    while (!ran && this.clock.now() - startedAt < patienceMs) await this.pass(10);
    if (!ran) throw new Error('the batch did not end');
    return { ...ran, ms: this.clock.now() - startedAt };
  }

  start(rows: number[], job = this.#job++): Promise<Ran> {
    const parts = [{ encoding: encodingOf(new Array(CHECK + 1).fill(1)), rows: Uint32Array.from(rows) }];
    return this.fallback.infer(parts, { ...OPTIONS, job }).then(
      (result) => ({ result, ms: 0 }),
      (error) => ({ error, ms: 0 }),
    );
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    for (let i = 0; i < 3; i++) await nextTurn();
  }
}

export interface Ran {
  result?: RunResult;
  error?: unknown;
  /** How long it took. */
  ms: number;
}

const OPTIONS = { bucket: 16, output: 'pooled', dimensions: 0, normalize: true } as const;

/** Runs batches of one row each, as many at once as there is room for. Returns what came of each, and the ms. */
export async function runAll(chain: FakeChain, count: number): Promise<{ outcomes: Ran[]; ms: number }> {
  const outcomes: Ran[] = [];
  const startedAt = chain.clock.now();
  let next = 0;
  let running = 0;
  while (outcomes.length < count) {
    for (; next < count && running < chain.fallback.concurrency; next++, running++) {
      const row = next;
      void chain.start([row]).then((outcome) => {
        running--;
        outcomes[row] = outcome;
      });
    }
    await chain.pass(5);
  }
  return { outcomes, ms: chain.clock.now() - startedAt };
}
