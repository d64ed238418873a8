/**
 * node scripts/gate.mjs NAME… [--filter TESTS] [--seconds N]   runs the native code with its memory, threads or input
 * watched: asan, addon, tsan, valgrind, fuzz. `--filter` is GoogleTest's (for addon: a test file); `--seconds` is the time
 * of each fuzz target. Ends with 1 if a gate fails, and with 2 if this machine lacks what it needs.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ROOT } from './build/paths.mjs';
import { GATES } from './gates/gates.mjs';
import { buildTree } from './gates/trees.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { filter: { type: 'string' }, seconds: { type: 'string' } },
});

async function runGate(name) {
  const gate = GATES[name];
  if (!gate) throw new Error(`Unknown gate "${name}"; there are ${Object.keys(GATES).join(', ')}.`);
  const problem = gate.problem();
  if (problem) {
    console.error(`[ovembed] ${name}: not run, as ${problem}`);
    return 2;
  }
  const tree = await buildTree(gate.tree, gate.sanitize, gate.targets);
  const { command, args, env } = gate.run(tree, values);
  const start = performance.now();
  const { status, signal } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `[ovembed] ${name}: ${status === 0 ? 'clean' : `failed (${signal ?? `exit code ${status}`})`}, ${seconds} s`,
  );
  return status === 0 ? 0 : 1;
}

let worst = 0;
for (const name of positionals) worst = Math.max(worst, await runGate(name));
process.exitCode = worst;
