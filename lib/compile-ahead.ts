/** Compiles a model that was just written, for a device that may be elsewhere. */
import { dirname } from 'node:path';
import { type AheadManifest, aheadFile, describeAhead, writeManifest } from './devices/compiled-ahead.js';
import { float, nameOf, nativeComputation } from './devices/computation.js';
import { cpuIdentity } from './devices/machine.js';
import { OvembedError } from './errors.js';
import { fingerprint, graphIdentity, readModelFolder } from './models/index.js';
import { callNative, native } from './native.js';

/** The devices that compiled models are made for ahead of time. GPUs compile quickly, and only for their own driver. */
export const AHEAD_DEVICES = ['NPU', 'CPU'] as const;

/** Lengths in tokens that most queries and most passages fit in. */
export const USUAL_BUCKETS: readonly number[] = [32, 128];

export interface AheadRequest {
  device: (typeof AHEAD_DEVICES)[number];
  /** The kind of NPU, such as `4000`; null for the CPU. */
  platform: string | null;
  /** Tokens of the texts, one text at a time. */
  buckets: readonly number[];
  signal: AbortSignal;
}

/**
 * Writes compiled models and their manifest beside the network of a folder. An NPU computes in f16, what is made for the
 * CPU in f32.
 * @throws OvembedError `ERR_DEVICE_UNAVAILABLE` where the runtime has no compiler for the device, as on Linux for NPUs;
 *   `ERR_INVALID_ARGUMENT` for a bucket that is longer than the model reads
 */
export async function compileAhead(folder: string, request: AheadRequest): Promise<AheadManifest> {
  const { device, platform, buckets, signal } = request;
  const spec = await readModelFolder(folder);
  const [source] = spec.sources;
  if (!source) throw new OvembedError('ERR_MODEL_NOT_FOUND', `${folder} holds no network.`);
  checkBuckets(buckets, spec.maxPositions);
  const network = dirname(source.file);
  const addon = native();
  const computation = float(device === 'NPU' ? 'f16' : 'f32');
  const parallelism = { streams: 1, threads: addon.availableCpus() };
  const blobs = [];
  for (const width of buckets) {
    signal.throwIfAborted();
    const shape = { rows: 1, width };
    const blobFile = await aheadFile(network, shape);
    const options = { source, device, platform, ...nativeComputation(computation), ...parallelism, shape, blobFile };
    await callNative(() => addon.compileAhead(options));
    blobs.push(await describeAhead(blobFile, nameOf(computation), shape));
  }
  return writeManifest(network, {
    fingerprint: await fingerprint(spec),
    graph: await graphIdentity(spec),
    device,
    platform,
    cpu: device === 'CPU' ? await cpuIdentity() : null,
    runtimeVersion: addon.runtimeVersion,
    blobs,
  });
}

function checkBuckets(buckets: readonly number[], maxPositions: number): void {
  const longest = Math.max(...buckets);
  if (maxPositions === 0 || longest <= maxPositions) return;
  const message = `Expected buckets of at most ${maxPositions} tokens, which is all that the model reads, received ${longest}.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}
