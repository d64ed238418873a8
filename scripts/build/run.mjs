import { spawnSync } from 'node:child_process';

/**
 * Runs a command in the foreground with its output passed through.
 * @throws Error if it cannot be started or does not end with 0; the message holds the command
 */
export function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) throw new Error(`${command} could not be started: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${signal ?? `exit code ${status}`}`);
}

/** Does one stage of a build and prints its name before, and its seconds after. */
export async function stage(name, work) {
  const start = performance.now();
  console.log(`[ovembed] ${name}`);
  const result = await work();
  console.log(`[ovembed] ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
