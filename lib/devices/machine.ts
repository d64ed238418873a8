/** What a choice that was measured on this machine depends on. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/**
 * Names the CPU by its model and a hash of its instruction sets: a virtual machine may hide some, and a choice measured
 * with them would be wrong without.
 */
export async function cpuIdentity(cpuInfoFile = '/proc/cpuinfo'): Promise<string> {
  const model = cpus()[0]?.model ?? process.arch;
  const cpuInfo = await readFile(cpuInfoFile, 'utf8').catch(() => '');
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1] ?? '';
  return `${model} ${createHash('sha256').update(flags).digest('hex').slice(0, 16)}`;
}
