import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** Instruction sets that decide which kernels and precisions are fast. */
const FLAGS_OF_INTEREST = ['amx_bf16', 'amx_int8', 'avx512_bf16', 'avx512_vnni', 'avx_vnni', 'avx512f', 'avx2'];

/** What the figures depend on. The load before the start shows whether the machine was idle. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    flags: cpuFlags(),
    memoryGB: Math.round(totalmem() / 1e9),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    loadBefore: loadavg()[0],
  };
}

/** Flags of interest that this CPU has; null where the system does not tell. */
function cpuFlags() {
  if (platform() !== 'linux') return null;
  const line = readFileSync('/proc/cpuinfo', 'utf8').match(/^flags\s*:(.*)$/m);
  if (!line) return null;
  const present = new Set(line[1].trim().split(' '));
  return FLAGS_OF_INTEREST.filter((flag) => present.has(flag));
}
