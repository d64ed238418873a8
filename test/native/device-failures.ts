/** The ways in which a device fails, injected into a real engine, and what has to come of each. */
import { runFaulty } from './faulty-addon.js';

export type Load = 'idle' | 'bulk' | 'mixed';
export const LOADS: readonly Load[] = ['idle', 'bulk', 'mixed'];

export interface Failure {
  name: string;
  /** For OVEMBED_FAULTS; once the model has been compared, loading it takes the first passage of `infer`. */
  faults: string;
  device?: string[];
  distribute?: string[];
  fallback?: object;
  /** Other options of both loads, that of the reference and that of the chain. */
  options?: object;
  /** Streams at once. Default 1. */
  readers?: number;
  /** Whether the comparison with the CPU is remembered from a load without faults. Default true. */
  isCompared?: boolean;
  /** Of the first device, at the end. */
  ends: string[];
  /** How long it takes to show, at least. */
  ms?: number;
  /** Vectors may be wrong until the next look at the device. */
  mayBeWrong?: boolean;
  /** Most events that tell of a device which is left alone or is back. */
  mostChanges?: number;
}

/** Looks are frequent; limits are such that other work on the machine does not make a device look dead. */
const QUICK = { probe: false, inferTimeoutMs: 10_000, healthIntervalMs: 500, healthTimeoutMs: 10_000 };
/** A batch of these is soon over, and so is waiting for one. */
export const IMPATIENT = { inferTimeoutMs: 1_000, healthTimeoutMs: 1_000 };

export function failures(): Failure[] {
  return [
    { name: 'none', faults: '', ends: ['ready'] },
    { name: 'absent', faults: '', device: ['NPU', 'CPU'], ends: ['unavailable'] },
    { name: 'fails to compile', faults: 'compile.SIM_CPU:throw@1-,import.SIM_CPU:throw@1-', ends: ['unavailable'] },
    {
      name: 'crashes on loading',
      faults: 'compile.SIM_CPU:crash@1-,import.SIM_CPU:crash@1-',
      fallback: { probe: true },
      ends: ['unavailable'],
    },
    {
      name: 'compiles slowly (2 s)',
      faults: 'compile.SIM_CPU:delay@1-=2000,import.SIM_CPU:throw@1-',
      fallback: { loadTimeoutMs: 300 },
      ends: ['ready', 'loading'],
    },
    // Without texts that verify, the twentieth run is that of a batch.
    {
      name: 'throws once',
      faults: 'infer.SIM_CPU:throw@20',
      fallback: { verify: 'interval', healthIntervalMs: 60_000 },
      ends: ['ready'],
    },
    { name: 'throws always', faults: 'infer.SIM_CPU:throw@20-', ends: ['failing', 'probing'] },
    {
      name: 'throws in 30 % of tries',
      faults: randomly('throw', 0.3),
      ends: ['ready', 'failing', 'probing'],
      mostChanges: 1, // less than two a minute
    },
    { name: 'gives NaN', faults: 'infer.SIM_CPU:nan@20-', ends: ['failing', 'probing'] },
    {
      name: 'gives wrong vectors from the start',
      faults: 'infer.SIM_CPU:wrong@1-',
      isCompared: false,
      ends: ['unavailable'],
    },
    {
      name: 'gives wrong vectors later on',
      faults: 'infer.SIM_CPU:wrong@20-',
      ends: ['failing', 'probing'],
    },
    {
      name: 'gives wrong vectors later on, models per bucket',
      faults: 'infer.SIM_CPU:wrong@200-',
      options: { shapes: 'static' },
      ends: ['failing', 'probing'],
    },
    {
      name: "gives wrong vectors later on, `verify: 'interval'`",
      faults: 'infer.SIM_CPU:wrong@20-',
      fallback: { verify: 'interval' },
      ends: ['failing', 'probing'],
      mayBeWrong: true,
    },
    { name: 'hangs once', faults: 'infer.SIM_CPU:hang@20', fallback: IMPATIENT, ends: ['ready', 'dead'] },
    { name: 'hangs always', faults: 'infer.SIM_CPU:hang@20-', fallback: IMPATIENT, ends: ['dead'] },
    { name: 'dies in the middle of work', faults: 'infer.SIM_CPU:throw@60-', ends: ['failing', 'probing', 'ready'] },
    {
      name: 'comes back',
      // With second tries, five failures would be over before the device is left alone.
      faults: 'infer.SIM_CPU:throw@20-24',
      ends: ['ready'],
      ms: 9_000,
      fallback: { tries: 1, healthIntervalMs: 60_000 },
    },
  ];
}

/** Each passage of the first thousands fails by lot; the lots are the same in every run. */
export function randomly(kind: string, share: number): string {
  const rules: string[] = [];
  let seed = 4_711;
  for (let passage = 2; passage < 4_000; passage++) {
    seed = (seed * 48_271) % 0x7fffffff;
    if (seed / 0x7fffffff < share) rules.push(`infer.SIM_CPU:${kind}@${passage}`);
  }
  return rules.join();
}

export interface Device {
  device: string;
  state: string;
  reason: string;
  counts: { batches: number; failures: number; retries: number; hangs: number };
}

export interface Outcome {
  requests: number;
  tookMs: number;
  lost: number;
  duplicated: number;
  wrong: number;
  codes: Record<string, number>;
  queryMs: number[];
  /** Queries by device. */
  ranOn: Record<string, number>;
  events: { name: string; at: number; device?: string; downMs?: number }[];
  loadMs: number;
  devicesAtFirst: Device[];
  devices: Device[];
  fallbacks: number;
  message?: string;
}

export interface Places {
  package_: string;
  model: string;
  /** Folders of caches: one where the comparison is remembered, and one made for the occasion. */
  cacheDir: string;
  freshCacheDir(): string;
}

/** Runs a failure under a load for so many ms. */
export function runFailure({ package_, model, ...caches }: Places, failure: Failure, load: Load, ms: number) {
  const {
    faults,
    distribute,
    device = distribute ? undefined : ['SIM_CPU', 'CPU'],
    fallback = {},
    options = {},
    readers = 1,
    isCompared = true,
    ms: leastMs = 0,
  } = failure;
  const cacheDir = isCompared ? caches.cacheDir : caches.freshCacheDir();
  const scenario = {
    device,
    distribute,
    load,
    readers,
    options,
    ms: Math.max(ms, leastMs),
    fallback: { ...QUICK, ...fallback },
  };
  return runFaulty<Outcome>('devices-child.cjs', [package_, model, cacheDir, JSON.stringify(scenario)], faults);
}

/** How often a device was left alone, or came back. */
export function changesOf({ events }: Outcome): number {
  return events.filter(({ name }) => name !== 'fallback').length;
}
