/**
 * node page-child.mjs PLAN RESULTS   runs the blocks of a page one after the other, in the current folder. PLAN holds
 * `{ line, program }` for modules and `{ line, command }` for the shell; RESULTS gets what came of each.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [plan = '', results = ''] = process.argv.slice(2);
const TIMEOUT_MS = 60_000;
const steps = JSON.parse(readFileSync(plan, 'utf8'));

if (steps.some(({ program }) => program)) {
  const { default: _, ...names } = await import('./names.mjs');
  Object.assign(globalThis, names);
}

async function runShell(command) {
  const options = { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS };
  const child = spawn('bash', ['-euo', 'pipefail', '-c', command], options);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`bash ended with ${code ?? signal}:\n${output}`);
}

/** A block that waits for ever must not keep the others from being run. */
function inTime(work) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`It took more than ${TIMEOUT_MS / 1000} s.`)), TIMEOUT_MS).unref();
  });
  return Promise.race([work, late]);
}

const outcomes = [];
// Of what a block leaves running; it belongs to the block that is under way.
let stray;
process.on('uncaughtException', (error) => (stray = error));
process.on('unhandledRejection', (error) => (stray = error));

for (const { line, program, command } of steps) {
  const start = performance.now();
  stray = undefined;
  const work = program ? import(pathToFileURL(program).href) : runShell(command);
  const error = await inTime(work).then(
    () => stray,
    (error) => error ?? new Error('rejected'),
  );
  outcomes.push({ line, seconds: (performance.now() - start) / 1000, error: error && (error.stack ?? String(error)) });
  writeFileSync(results, JSON.stringify(outcomes));
}
process.exit(0);
