import { fork } from 'node:child_process';
import { join } from 'node:path';

/** No measurement takes as long; a library that hangs does not hang the bench. */
const TIMEOUT_MS = 900_000;

/**
 * Runs one job in a fresh process. What the process prints goes to stderr: stdout is the report's.
 * @param {Job} job plain JSON
 * @param {NodeJS.ProcessEnv} env in addition to this process's own
 * @returns {Promise<any>} what the case returns
 * @throws Error with the process's own error, its exit code or its signal, or when it took too long
 *
 * @typedef {object} Job
 * @property {string} case a file of cases/
 * @property {string} [contestant] a file of contestants/
 * @property {Folders} folders
 * @property {object} [variant] what the contestant is loaded with
 * @property {number} [seed] of the corpus
 * @property {number} [texts] the first texts of the corpus
 * @property {number} [warmUpTexts] embedded before the timed pass
 * @property {number} [repeats] of whatever the case repeats
 * @property {number} [seconds] that the case aims at
 * @property {string[]} [sample] texts whose vectors are wanted
 *
 * @typedef {object} Folders
 * @property {string} model the model as published
 * @property {string | null} peers the same model as ONNX, for the peers
 * @property {{ packages: string, models: string } | null} python Python's packages, and the model as IR with its
 *   tokenizer
 */
export function runJob(job, env) {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'child.mjs'), {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 2, 2, 'ipc'],
      env: { ...process.env, ...env },
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
    }, TIMEOUT_MS);
    child.once('message', (/** @type {{ result?: unknown, error?: string }} */ { result, error }) =>
      error ? reject(new Error(error)) : resolve(result),
    );
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      // Has no effect when the answer came before.
      reject(new Error(`the process ended without an answer: ${signal ?? `exit code ${code}`}`));
    });
    child.send(job);
  });
}
