/** The package with the addon that can be made to fail (native/faults), run in child processes. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CMAKE_TREE } from '../../scripts/build/paths.mjs';
import { copyPackage } from '../package-copy.js';

/** Made by a build with tests (`npm test`). */
export const FAULTY_ADDON = join(CMAKE_TREE, 'faults', 'ovembed.node');

/** Makes `folder` a copy of the package with the faulty addon. */
export function makeFaultyPackage(folder: string): void {
  copyPackage(folder, FAULTY_ADDON);
}

export interface Ending {
  vector?: number[];
  code?: string;
  /** Milliseconds. */
  took: number;
}

/** What a child printed: the end of each call, or, where loading failed, its error. */
export interface ChildResult {
  endings: Ending[];
  code?: string;
  message?: string;
  cause?: string;
}

/** Runs a script of this folder with `OVEMBED_FAULTS` set to `faults`. Returns the JSON that it printed. */
export async function runFaulty<T>(name: string, args: string[], faults: string): Promise<T> {
  const child = spawn(process.execPath, [join(import.meta.dirname, name), ...args], {
    env: { ...process.env, OVEMBED_FAULTS: faults },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const status = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
  clearTimeout(limit);
  if (status !== 0) throw new Error(`The child with ${faults} ended with ${status}: ${output}`);
  return JSON.parse(output) as T;
}

/** Runs `calls` queries one after the other with `OVEMBED_FAULTS` set to `faults`. */
export async function runWithFaults(
  folder: string,
  model: string,
  {
    faults,
    cacheDir,
    calls = 60,
    timeoutMs = 10_000,
    fallback = true,
  }: { faults: string; cacheDir: string; calls?: number; timeoutMs?: number; fallback?: boolean },
): Promise<ChildResult> {
  const args = [folder, model, cacheDir, String(calls), String(timeoutMs), String(fallback)];
  return await runFaulty('faulty-child.cjs', args, faults);
}
