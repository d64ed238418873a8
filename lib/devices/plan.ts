/** Which device, and how many streams and threads on it. */
import { OvembedError } from '../errors.js';
import type { NativeDevice } from '../native.js';
import { pluginAdvice } from '../platform-packages.js';

/** The device to load on, and why that one. */
export interface DevicePlan {
  /** As OpenVINO takes it. */
  device: string;
  /** The device's full name; that of its first member for a virtual device such as `AUTO:GPU,CPU`. */
  fullName: string;
  capabilities: readonly string[];
  /** Version of the driver; null: not told. */
  driver: string | null;
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
  const reason = automatic ? reasonForCpu(devices) : 'asked for';
  const found = findDevice(device, devices);
  if (!found && !device.includes(':')) throw unavailable(device, devices);
  const { fullName = device, capabilities = [], driver = null } = found ?? {};
  return { device, fullName, capabilities, driver, reason };
}

function reasonForCpu(devices: readonly NativeDevice[]): string {
  const others = devices.filter(({ name }) => name !== 'CPU').map(({ name, fullName }) => `${name} (${fullName})`);
  if (others.length === 0) return "device: 'auto' is the CPU, the only device here";
  const advice = 'another is taken if it is asked for, as its speed and accuracy are not known beforehand';
  return `device: 'auto' is the CPU; also here: ${others.join(', ')}; ${advice}`;
}

/** OpenVINO numbers devices once there can be several: `GPU` means `GPU.0`. */
function findDevice(wanted: string, devices: readonly NativeDevice[]): NativeDevice | undefined {
  const [, members = wanted] = wanted.split(':');
  const [name] = members.split(',');
  return devices.find((device) => device.name === name) ?? devices.find((device) => device.name === `${name}.0`);
}

function unavailable(device: string, devices: readonly NativeDevice[]): OvembedError {
  const names = devices.map(({ name, fullName }) => `${name} (${fullName})`).join(', ') || 'none';
  const advice = pluginAdvice(device);
  const message = `There is no device ${JSON.stringify(device)} on this machine; available: ${names}.`;
  return new OvembedError('ERR_DEVICE_UNAVAILABLE', advice ? `${message} ${advice}` : message);
}

export interface Parallelism {
  streams: number;
  threads: number;
}

/** What a user may ask for. */
export interface ParallelismOptions {
  streams?: number | undefined;
  threads?: number | undefined;
  performance?: 'auto' | 'latency' | 'throughput' | undefined;
}

/** Up to this many CPUs, each gets a stream of its own. */
const MOST_SINGLE_THREAD_STREAMS = 8;

/** More threads than this do not speed up the short matrix products of a batch of texts. */
const MOST_THREADS_PER_STREAM = 4;

/** A short text has no work for more threads than this (two is all that was measured). */
const MOST_LATENCY_THREADS = 8;

/**
 * The one stream of a pipeline that finishes a single batch soonest.
 * @param performanceCpus CPUs of the fastest kind: waiting for a slow core is slower than doing without it
 */
export function latencyParallelism(threads: number, performanceCpus: number): Parallelism {
  return { streams: 1, threads: Math.min(threads, performanceCpus, MOST_LATENCY_THREADS) };
}

/**
 * Streams and threads where they are not given. Streams of one thread embed the most texts per second, since they never
 * wait for each other inside a batch (measured on 2 CPUs: 42,000 tokens/s with two streams, 35,000 with one of two
 * threads). But every stream keeps buffers of its own, and a single query runs on one stream only, so on larger machines
 * a stream gets more threads: up to four.
 * @param cpus the CPUs that this process may use
 */
export function planParallelism(device: string, given: ParallelismOptions, cpus: number): Parallelism {
  const threads = given.threads ?? Math.max(cpus, given.streams ?? 1);
  // On other devices, streams mean something else, and one is what every one of them can do.
  const single = device !== 'CPU' || given.performance === 'latency';
  const streams = given.streams ?? (single ? 1 : cpuStreams(threads));
  return { streams, threads };
}

function cpuStreams(threads: number): number {
  const threadsPerStream = Math.min(MOST_THREADS_PER_STREAM, Math.ceil(threads / MOST_SINGLE_THREAD_STREAMS));
  return Math.floor(threads / threadsPerStream);
}

/** Numbers of streams that are worth trying beside a plan's own: half as many, and one with all threads. */
export function otherStreams({ streams }: Parallelism): number[] {
  const fewer = [Math.floor(streams / 2), 1].filter((count) => count >= 1 && count < streams);
  return [...new Set(fewer)];
}
