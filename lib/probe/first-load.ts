/**
 * The first load of a model on a machine, tried in a process of its own: native code that a damaged or hostile model makes
 * crash ends that process and not the user's. What went well is remembered, so that only the first load pays.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ovembedCacheDir } from '../cache-dir.js';
import { Choices } from '../devices/choices.js';
import { cpuIdentity } from '../devices/machine.js';
import { oneAtATime } from '../devices/one-at-a-time.js';
import type { DevicePlan } from '../devices/plan.js';
import type { Logger } from '../logger.js';
import type { ModelSpec } from '../models/index.js';
import type { LoadOptions } from '../options.js';
import { runProbe } from './run-probe.js';

/** Whether an option of `load` changes what native code does with the model; every option has to be here. */
const IS_PASSED_ON: Record<keyof LoadOptions, boolean> = {
  device: true,
  fallback: true,
  distribute: true,
  shapes: true,
  precision: true,
  activations: true,
  performance: true,
  streams: true,
  threads: true,
  buckets: true,
  batchTokens: true,
  maxBatchSize: true,
  poolingType: true,
  normalize: true,
  maxLength: true,
  paddingSide: true,
  dimensions: true,
  modelFile: true,
  cache: false,
  ranges: false,
  batchDelayMs: false,
  maxQueue: false,
  queryInstruction: false,
  embedInstruction: false,
  truncate: false,
  revision: false,
  cacheDir: false,
  offline: false,
  timeoutMs: false,
  queueTimeoutMs: false,
  logger: false,
  signal: false,
  onProgress: false,
  probe: false,
};
const PASSED_ON = (Object.keys(IS_PASSED_ON) as (keyof LoadOptions)[]).filter((name) => IS_PASSED_ON[name]);

/** Compiling and measuring a large model takes a minute; what takes longer than this hangs. */
const LIMIT_MS = 600_000;

export interface FirstLoad {
  spec: ModelSpec;
  options: LoadOptions & { signal: AbortSignal };
  runtimeVersion: string;
  logger: Logger;
  /** The fingerprint of the model when its first source is the one that runs. */
  fingerprint(spec: ModelSpec): Promise<string>;
}

/**
 * Returns once the model was loaded and run in a child process, at once if it was before. The child leaves compiled models
 * and measured choices in the cache, so the load that follows is a short one.
 *
 * @throws OvembedError `ERR_MODEL_PROBE_CRASHED` if the child dies or hangs; the error of loading if it fails in order; the
 *   signal's reason if aborted
 */
export async function probeFirstLoad({ spec, options, runtimeVersion, logger, fingerprint }: FirstLoad): Promise<void> {
  await runOnce({ spec, options, runtimeVersion, logger, fingerprint }, options, [], undefined);
}

/**
 * The same for a model on one device: a driver that crashes ends the child. Remembered per driver.
 * @throws as `probeFirstLoad`
 */
export async function probeDevice(load: FirstLoad, { device, fullName, driver }: DevicePlan): Promise<void> {
  const options = { ...load.options, device, fallback: false, distribute: false };
  const advice = `Its driver${driver ? ` (${driver})` : ''} may be damaged, or unable to run this model.`;
  await runOnce(load, options, [device, fullName, String(driver)], advice);
}

/**
 * @param options of the load in the child
 * @param place what the outcome depends on, beside the model, the CPU and the options
 */
async function runOnce(
  { spec, runtimeVersion, logger, fingerprint }: FirstLoad,
  options: FirstLoad['options'],
  place: readonly string[],
  advice: string | undefined,
): Promise<void> {
  const cacheDir = ovembedCacheDir(options.cacheDir);
  const passedOn = Object.fromEntries(PASSED_ON.map((name) => [name, options[name]]));
  const fingerprints = await Promise.all(spec.sources.map((source) => fingerprint({ ...spec, sources: [source] })));
  const settings = createHash('sha256').update(JSON.stringify(passedOn)).digest('hex');
  const key = ['probed', ...place, await cpuIdentity(), runtimeVersion, settings, ...fingerprints];
  const known = new Choices(cacheDir, isPassed);

  await oneAtATime(JSON.stringify([cacheDir, ...key]), async () => {
    options.signal.throwIfAborted();
    if (await known.read(key)) return;
    logger.info(
      `${[spec.folder, ...place.slice(0, 1)].join(' on ')} is new here: it is loaded in a process of its own first.`,
    );
    const request = { model: spec.folder, options: { ...passedOn, cacheDir, offline: true } };
    await runProbe(join(__dirname, 'child.js'), request, {
      limitMs: LIMIT_MS,
      signal: options.signal,
      ...(advice && { advice }),
    });
    await known.keep(key, { passed: true });
  });
}

function isPassed(value: unknown): value is { passed: true } {
  return (value as { passed?: unknown } | null)?.passed === true;
}
