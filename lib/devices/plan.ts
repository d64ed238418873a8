/** Which device, and how many streams and threads on it. */
import { OvembedError } from '../errors.js';
import type { NativeDevice } from '../native.js';

/** The device to load on, and why that one. */
export interface DevicePlan {
  /** As OpenVINO takes it. */
  device: string;
  /** The device's full name; that of its first member for a virtual device such as `AUTO:GPU,CPU`. */
  fullName: string;
  capabilities: readonly string[];
  reason: string;
}

/**
 * Finds the device that was asked for among those that are there. A virtual device (`AUTO:…`, `HETERO:…`) is OpenVINO's to
 * check.
 * @throws OvembedError `ERR_DEVICE_UNAVAILABLE`
 */
export function planDevice(wanted: string, devices: readonly NativeDevice[]): DevicePlan {
  const automatic = wanted === 'auto';
  const device = automatic ? 'CPU' : wanted;
  const reason = automatic ? "device: 'auto' is the CPU" : 'asked for';
  const found = findDevice(device, devices);
  if (!found && !device.includes(':')) throw unavailable(device, devices);
  return { device, fullName: found?.fullName ?? device, capabilities: found?.capabilities ?? [], reason };
}

/** OpenVINO numbers devices once there can be several: `GPU` means `GPU.0`. */
function findDevice(wanted: string, devices: readonly NativeDevice[]): NativeDevice | undefined {
  const [, members = wanted] = wanted.split(':');
  const [name] = members.split(',');
  return devices.find((device) => device.name === name) ?? devices.find((device) => device.name === `${name}.0`);
}

function unavailable(device: string, devices: readonly NativeDevice[]): OvembedError {
  const names = devices.map(({ name, fullName }) => `${name} (${fullName})`).join(', ') || 'none';
  const message = `There is no device ${JSON.stringify(device)} on this machine; available: ${names}.`;
  return new OvembedError('ERR_DEVICE_UNAVAILABLE', message);
}

export interface Parallelism {
  streams: number;
  threads: number;
}

/** Up to this many CPUs, each gets a stream of its own. */
const MOST_SINGLE_THREAD_STREAMS = 8;

/** More threads than this do not speed up the short matrix products of a batch of texts. */
const MOST_THREADS_PER_STREAM = 4;

/**
 * Streams and threads where they are not given. Streams of one thread embed the most texts per second, since they never
 * wait for each other inside a batch (measured on 2 CPUs: 42,000 tokens/s with two streams, 35,000 with one of two
 * threads). But every stream keeps buffers of its own, and a single query runs on one stream only, so on larger machines
 * a stream gets more threads: up to four.
 * @param cpus the CPUs that this process may use
 */
export function planParallelism(device: string, given: Partial<Parallelism>, cpus: number): Parallelism {
  const threads = given.threads ?? Math.max(cpus, given.streams ?? 1);
  // On other devices, streams mean something else, and one is what every one of them can do.
  const streams = given.streams ?? (device === 'CPU' ? cpuStreams(threads) : 1);
  return { streams, threads };
}

function cpuStreams(threads: number): number {
  const threadsPerStream = Math.min(MOST_THREADS_PER_STREAM, Math.ceil(threads / MOST_SINGLE_THREAD_STREAMS));
  return Math.floor(threads / threadsPerStream);
}
