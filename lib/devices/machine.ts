/** What a choice that was measured on this machine depends on. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { NativeAddon } from '../native.js';
import type { DevicePlan, Parallelism } from './plan.js';

/**
 * Names the CPU by its model and a hash of its instruction sets: a virtual machine may hide some, and a choice measured
 * with them would be wrong without.
 */
export async function cpuIdentity(cpuInfoFile = '/proc/cpuinfo'): Promise<string> {
  const model = cpus()[0]?.model ?? process.arch;
  const cpuInfo = await readFile(cpuInfoFile, 'utf8').catch(() => '');
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1] ?? '';
  // A limit on the instruction sets that the runtime's kernels may use (documented by oneDNN) makes another CPU of it.
  const limit = process.env.ONEDNN_MAX_CPU_ISA ?? '';
  return `${model} ${createHash('sha256')
    .update(flags + limit)
    .digest('hex')
    .slice(0, 16)}`;
}

/** What measured choices depend on, beside the model. */
export async function machineOf(
  addon: NativeAddon,
  device: DevicePlan,
  { streams, threads }: Parallelism,
): Promise<string[]> {
  const names = [await cpuIdentity(), addon.runtimeVersion, device.device, device.fullName];
  return [...names, String(threads), String(streams)];
}
