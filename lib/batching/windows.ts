/**
 * A call's way to the device, window by window: a list of any length is tokenised and planned in slices, so that handing
 * texts to native code never stalls the event loop and memory beside the result stays constant.
 */
import { OvembedError } from '../errors.js';
import type { ModelInput } from '../input.js';
import { callNative, type InferResult, type NativeEncoding, type NativeTokenizer } from '../native.js';
import type { Truncate } from '../options.js';
import type { CallScope } from '../signals.js';
import type { Dispatcher, Priority, Work } from './dispatcher.js';
import { pipelined } from './pipelined.js';
import { type Batch, type PlanOptions, planBatches } from './planner.js';

/** Texts of a window: long enough to fill batches of every bucket. */
const WINDOW_TEXTS = 2_048;

/** Characters of a window, of which the copy into native memory takes about a millisecond. A longer text is one of its own. */
export const WINDOW_CHARACTERS = 1 << 20;

/** What runs the texts of a call. */
export interface Engine {
  tokenizer: NativeTokenizer;
  dispatcher: Dispatcher;
  plan: PlanOptions;
}

/** What a call asks for. */
export interface Request {
  /** Put in front of every text; '' for none. */
  prompt: string;
  truncate: Truncate;
  priority: Priority;
  infer: Work['options'];
}

/** Takes what comes back. `first` is the index in the call of a window's first text. */
export interface Collector {
  /** A window's tokens are known; called before any of its batches. */
  onEncoding(first: number, encoding: NativeEncoding, tookMs: number): void;
  /** Rows of the result are those of the batch, which count from `first`. */
  onBatch(first: number, batch: Batch, result: InferResult, waitedMs: number): void;
}

/** Consecutive inputs of a call. */
export interface Window {
  first: number;
  inputs: readonly ModelInput[];
}

/** Cuts a list into windows. */
export function* cutWindows(inputs: readonly ModelInput[], first = 0): Generator<Window, void, undefined> {
  let start = 0;
  let characters = 0;
  for (let i = 0; i < inputs.length; i++) {
    const { length } = inputs[i] as ModelInput;
    if (i > start && (i - start === WINDOW_TEXTS || characters + length > WINDOW_CHARACTERS)) {
      yield { first: first + start, inputs: inputs.slice(start, i) };
      start = i;
      characters = 0;
    }
    characters += length;
  }
  if (start < inputs.length) yield { first: first + start, inputs: inputs.slice(start) };
}

/**
 * Runs all inputs of a call. With `truncate: 'error'`, every length is known before anything is inferred: a call of
 * several windows is tokenised twice for that, which costs about 3 % of its time and no memory.
 * @param first index of the first input in messages and for the collector
 */
export async function runWindows(
  engine: Engine,
  request: Request,
  inputs: readonly ModelInput[],
  collector: Collector,
  scope: CallScope,
  first = 0,
): Promise<void> {
  const windows = [...cutWindows(inputs, first)];
  const run = (window: Window) => runWindow(engine, request, window, collector, scope.signal);
  if (windows.length === 1) return run(windows[0] as Window);
  if (request.truncate === 'error') await checkLengths(engine, request, windows, scope.signal);
  const results = pipelined(windows, run, scope);
  while (!(await results.next()).done);
}

async function checkLengths(engine: Engine, request: Request, windows: readonly Window[], signal: AbortSignal) {
  for (const window of windows) {
    const encoding = await encodeWindow(engine, request, window);
    try {
      rejectTruncated(encoding, window.first, engine.plan.maxLength);
    } finally {
      encoding.release();
    }
    signal.throwIfAborted();
  }
}

async function runWindow(
  engine: Engine,
  request: Request,
  window: Window,
  collector: Collector,
  signal: AbortSignal,
): Promise<void> {
  const { first } = window;
  const started = performance.now();
  const encoding = await encodeWindow(engine, request, window);
  try {
    signal.throwIfAborted();
    if (request.truncate === 'error') rejectTruncated(encoding, first, engine.plan.maxLength);
    collector.onEncoding(first, encoding, performance.now() - started);
    const batches = planBatches(encoding.lengths, engine.plan);
    const onResult: Work['onResult'] = (batch, result, waitedMs) => {
      rejectNonFinite(batch, result, first);
      collector.onBatch(first, batch, result, waitedMs);
    };
    const { priority, infer: options } = request;
    await engine.dispatcher.run({ priority, encoding, batches, options, onResult }, signal);
  } finally {
    encoding.release();
  }
}

/** Token ids are what the model reads already, so only texts get the prompt. */
async function encodeWindow(engine: Engine, { prompt, infer }: Request, { inputs }: Window): Promise<NativeEncoding> {
  const prompted = prompt === '' ? inputs : inputs.map((input) => (typeof input === 'string' ? prompt + input : input));
  const options = { maxLength: engine.plan.maxLength, offsets: infer.output === 'tokens', addSpecialTokens: true };
  return callNative(() => engine.tokenizer.encode(prompted, options));
}

function rejectTruncated(encoding: NativeEncoding, first: number, maxLength: number): void {
  const row = encoding.truncated.indexOf(1);
  if (row < 0) return;
  throw new OvembedError(
    'ERR_INPUT_TOO_LONG',
    `The input at index ${first + row} has ${encoding.originalLengths[row]} tokens with its prompt and special tokens; ` +
      `the model reads ${maxLength}. Split it, or let it be cut with truncate: 'end'.`,
  );
}

function rejectNonFinite(batch: Batch, { nonFiniteRows }: InferResult, first: number): void {
  const [position] = nonFiniteRows;
  if (position === undefined) return;
  throw new OvembedError(
    'ERR_NON_FINITE',
    `The vector of the input at index ${first + (batch.rows[position] as number)} holds NaN or an infinity. ` +
      "The model's weights are damaged, or the precision does not suit it: load it with precision: 'f32'.",
  );
}
