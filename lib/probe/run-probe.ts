/** A child process that loads a model once, and what becomes of it. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isOvembedErrorCode, OvembedError } from '../errors.js';
import type { LoadOptions } from '../options.js';

/** What the child is to load. Goes to it as JSON. */
export interface ProbeRequest {
  model: string;
  options: LoadOptions;
}

/** The child's answer. Without one it crashed. */
export type ProbeAnswer = { ok: true } | { ok: false; code?: string; message: string };

/** Enough for the last words of a C library. */
const MOST_LAST_WORDS = 2_000;

/**
 * Runs a child to its end.
 *
 * @param file the program of the child: it takes one message, a ProbeRequest, and answers with a ProbeAnswer
 * @throws as `probeFirstLoad`
 */
export async function runProbe(
  file: string,
  request: ProbeRequest,
  { limitMs, signal, advice = BAD_FILES }: { limitMs: number; signal: AbortSignal; advice?: string },
): Promise<void> {
  if (!existsSync(file)) {
    const advice = 'A bundler has to leave ovembed out of the bundle (external), as it has files beside its code.';
    throw new OvembedError('ERR_NATIVE_LOAD', `Expected the program of the probe at ${file}. ${advice}`);
  }
  signal.throwIfAborted();
  // No flags of this process: a second debugger on the same port would end the child.
  const child = fork(file, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const kill = () => child.kill('SIGKILL');
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, limitMs);
  signal.addEventListener('abort', kill);
  try {
    const { answer, end, lastWords } = await outcomeOf(child, request);
    signal.throwIfAborted();
    if (answer?.ok) return;
    if (answer) throw failure(answer);
    throw crash(request, isLate ? `was not done after ${limitMs} ms` : end, advice, lastWords);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

interface Outcome {
  answer: ProbeAnswer | undefined;
  /** How the process ended, in words. */
  end: string;
  lastWords: string;
}

function outcomeOf(child: ChildProcess, request: ProbeRequest): Promise<Outcome> {
  return new Promise((resolve) => {
    let answer: ProbeAnswer | undefined;
    let lastWords = '';
    child.once('message', (message) => {
      answer = message as ProbeAnswer;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-MOST_LAST_WORDS);
    });
    child.once('error', (error) => resolve({ answer, end: `could not be run (${error.message})`, lastWords }));
    child.once('close', (code, name) => {
      resolve({ answer, end: name ? `was ended by ${name}` : `ended with exit code ${code}`, lastWords });
    });
    // A child that dies before it has read its message is told of by 'close'.
    child.send(request, () => {});
  });
}

/** The child's own error, as if it had happened here. */
function failure({ code, message }: { code?: string; message: string }): Error {
  return isOvembedErrorCode(code) ? new OvembedError(code, message) : new Error(message);
}

const BAD_FILES = 'Its files are damaged or not made for this runtime: fetch the model again, or export it anew.';

function crash({ model }: ProbeRequest, end: string, advice: string, lastWords: string): OvembedError {
  return new OvembedError(
    'ERR_MODEL_PROBE_CRASHED',
    `${model} was loaded in a process of its own first, and that process ${end}. ${advice}`,
    lastWords ? { cause: new Error(lastWords) } : {},
  );
}
