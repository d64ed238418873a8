/** Which devices a model is wanted on, in order of preference. */
import type { NativeDevice } from '../native.js';
import { type DevicePlan, planDevice } from './plan.js';

/** An NPU compiles slowly, and not everything: the CPU stands in for it. */
const STANDS_IN = 'CPU';

/**
 * The devices of the option `device`, first choice first, each once.
 * @param mayFallBack `'NPU'` alone then means `['NPU', 'CPU']`
 */
export function wantedDevices(device: string | readonly string[], mayFallBack: boolean): string[] {
  const wanted = [...new Set([device].flat())];
  const isNpuAlone = wanted.length === 1 && (wanted[0] as string).split('.')[0] === 'NPU';
  return isNpuAlone && mayFallBack ? [...wanted, STANDS_IN] : wanted;
}

/** The devices of the option `distribute`: all that are there, or those that are named. */
export function distributedDevices(distribute: true | readonly string[], present: readonly NativeDevice[]): string[] {
  return distribute === true ? present.map(({ name }) => name) : [...new Set(distribute)];
}

/** A device that is wanted: where it is not there, why. */
export interface WantedDevice {
  plan: DevicePlan;
  problem?: Error;
}

/** Looks up the devices of a chain. What is not there stays in it, with the reason. */
export function planChain(wanted: readonly string[], devices: readonly NativeDevice[]): WantedDevice[] {
  return wanted.map((name) => {
    try {
      return { plan: planDevice(name, devices) };
    } catch (problem) {
      const plan = { device: name, fullName: name, capabilities: [], driver: null, reason: 'asked for' };
      return { plan, problem: problem as Error };
    }
  });
}
