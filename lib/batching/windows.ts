/**
 * A call's way to the device, window by window: a list of any length is tokenised and planned in slices, so that handing
 * texts to native code never stalls the event loop and memory beside the result stays constant.
 */
import type { WindowCache } from '../cache/cached-window.js';
import type { CachedEmbedding } from '../cache/record.js';
import type { Activations } from '../devices/computation.js';
import { OvembedError } from '../errors.js';
import type { ModelInput } from '../input.js';
import type { NativeEncoding, NativeTokenizer, Precision } from '../native.js';
import type { Truncate } from '../options.js';
import type { CallScope, StopSignal } from '../signals.js';
import { cutting, readsInWindows, type VectorPooler, WindowPooling } from '../text/long-input.js';
import { encode } from './encode.js';
import { pipelined } from './pipelined.js';
import type { PlanOptions } from './planner.js';
import type { Scheduler } from './scheduler.js';
import type { Call, PartResult, Work } from './work.js';

/** Texts of a window: long enough to fill batches of every bucket. */
const WINDOW_TEXTS = 2_048;

/** Characters of a window, of which the copy into native memory takes about a millisecond. A longer text is one of its own. */
export const WINDOW_CHARACTERS = 1 << 20;

/** What runs the texts of a call. */
export interface Engine {
  tokenizer: NativeTokenizer;
  scheduler: Scheduler;
  plan: PlanOptions;
  /** Whether a prompt's tokens take part in pooling. */
  includePrompt: boolean;
  /** Of the pipelines, as OpenVINO names it. */
  device: string;
  precision: Precision;
  activations: Activations;
  /** Makes one vector of several. */
  pooler: VectorPooler;
  /** Undefined: nothing is kept. */
  cache?: WindowCache | undefined;
}

/** What a call asks for. */
export interface Request {
  call: Call;
  /** Put in front of every text; '' for none. */
  prompt: string;
  truncate: Truncate;
  /** Tokens that a window of a long text repeats of the one before it. Default 0. */
  overlap?: number;
  infer: Work['options'];
}

/** What tokenising tells of each text of a window. */
export interface EncodedLengths extends Pick<NativeEncoding, 'lengths' | 'originalLengths' | 'truncated'> {
  /** Rows that each text was read in; undefined: one each. */
  chunks?: Uint32Array;
}

/** Takes what comes back. */
export interface Collector<Encoded extends EncodedLengths = EncodedLengths> {
  /** A window's tokens are known; called before any of its parts. */
  onEncoding(window: Window, encoding: Encoded, tookMs: number): void;
  /** Rows of the part are those of the window. */
  onPart(window: Window, part: PartResult): void;
  /** These rows of the window were there already, with all that is to be known of them. */
  onKept(window: Window, rows: readonly number[], kept: readonly CachedEmbedding[]): void;
}

/** Some inputs of a call, in its order. */
export interface Window {
  /** Index in the call of the first text; 0 for all parts of the window that begins a call. */
  first: number;
  inputs: readonly ModelInput[];
  /** Their indices in the call, where they do not simply follow each other. */
  rows?: Uint32Array | undefined;
}

/** The index in the call of a window's text. */
export function indexOf({ first, rows }: Window, row: number): number {
  return rows ? (rows[row] as number) : first + row;
}

/**
 * Cuts a list into windows.
 * @param most texts of a window
 * @param rows indices in the call of the inputs, where they do not simply follow each other
 */
export function* cutWindows(
  inputs: readonly ModelInput[],
  most = WINDOW_TEXTS,
  rows?: Uint32Array,
): Generator<Window, void, undefined> {
  const texts = Math.min(most, WINDOW_TEXTS);
  const cut = (start: number, end: number): Window => ({
    first: rows ? (rows[start] as number) : start,
    inputs: inputs.slice(start, end),
    rows: rows?.subarray(start, end),
  });
  let first = 0;
  let characters = 0;
  for (let i = 0; i < inputs.length; i++) {
    const { length } = inputs[i] as ModelInput;
    if (i > first && (i - first === texts || characters + length > WINDOW_CHARACTERS)) {
      yield cut(first, i);
      first = i;
      characters = 0;
    }
    characters += length;
  }
  if (first < inputs.length) yield cut(first, inputs.length);
}

/**
 * Runs all inputs of a call. With `truncate: 'error'`, every length is known before anything is inferred: a call of
 * several windows is tokenised twice for that, which costs about 3 % of its time and no memory.
 * @throws OvembedError `ERR_OVERLOADED` if there is no room for the first window; the others wait for it
 */
export async function runWindows(
  engine: Engine,
  request: Request,
  { inputs, rows }: Pick<Window, 'inputs' | 'rows'>,
  collector: Collector<NativeEncoding>,
  scope: CallScope,
): Promise<void> {
  const windows = [...cutWindows(inputs, engine.scheduler.admission.queue(request.call.priority).max.texts, rows)];
  const run = (window: Window) => runWindow(engine, request, window, collector, scope.signal);
  if (windows.length === 1) return run(windows[0] as Window);
  if (request.truncate === 'error') await checkLengths(engine, request, windows, scope.signal);
  const results = pipelined(windows, run, scope);
  while (!(await results.next()).done);
}

async function checkLengths(engine: Engine, request: Request, windows: readonly Window[], signal: StopSignal) {
  for (const window of windows) {
    const encoding = await encodeWindow(engine, request, window, signal);
    try {
      rejectTruncated(encoding, window, engine.plan.maxLength);
    } finally {
      encoding.release();
    }
    signal.throwIfAborted();
  }
}

/** Hands out the vectors of a window: from the cache, if there is one, else computed. */
export function runWindow(
  engine: Engine,
  request: Request,
  window: Window,
  collector: Collector<NativeEncoding>,
  signal: StopSignal,
): Promise<void> {
  if (!engine.cache || request.infer.output === 'tokens')
    return computeWindow(engine, request, window, collector, signal);
  return engine.cache.run(request, window, collector as Collector, signal, (some, taker) =>
    computeWindow(engine, request, some, taker, signal),
  );
}

/** Tokenises and infers one window. The first of a call is refused where there is no room; the others wait. */
async function computeWindow(
  engine: Engine,
  request: Request,
  window: Window,
  collector: Collector<NativeEncoding>,
  signal: StopSignal,
): Promise<void> {
  const { admission } = engine.scheduler;
  const { call } = request;
  const { first, inputs } = window;
  const texts = inputs.length;
  // A call that has begun has had its turn: further windows wait on their own account.
  const since = first === 0 ? call.since : engine.scheduler.clock.now();
  const place = first === 0 ? admission.admit(call, texts) : await admission.wait(call, texts, signal);
  let encoding: NativeEncoding | undefined;
  try {
    const started = performance.now();
    const encoded = encodeWindow(engine, request, window, signal);
    encoding = encoded instanceof Promise ? await encoded : encoded;
    signal.throwIfAborted();
    if (request.truncate === 'error') rejectTruncated(encoding, window, engine.plan.maxLength);
    const pooling = readsInWindows(request) ? new WindowPooling(encoding, request.infer, engine.pooler) : undefined;
    // Who takes pooled vectors asks no more of an encoding than lengths.
    (collector as Collector).onEncoding(window, pooling?.texts ?? encoding, performance.now() - started);
    const tokens = encoding.lengths.reduce((sum, length) => sum + length, 0);
    if (first === 0) admission.admitTokens(call, place, tokens);
    else await admission.waitTokens(call, place, tokens, signal);
    const { inputs: inputOf } = encoding;
    const onPart: Work['onPart'] = (part) => {
      rejectFailed(part, window, inputOf);
      rejectNonFinite(part, window, inputOf);
      collector.onPart(window, pooling ? pooling.take(part) : part);
    };
    const options = pooling?.infer ?? request.infer;
    await engine.scheduler.run({ call, since, encoding, place, options, onPart }, signal);
  } finally {
    place.leaveAll();
    encoding?.release();
  }
}

/** Token ids are what the model reads already, so only texts get the prompt. */
function encodeWindow(
  { tokenizer, plan, includePrompt }: Engine,
  { prompt, infer, truncate, overlap }: Request,
  { inputs }: Window,
  signal: StopSignal,
): NativeEncoding | Promise<NativeEncoding> {
  const prompted = prompt === '' ? inputs : inputs.map((input) => (typeof input === 'string' ? prompt + input : input));
  const options = {
    maxLength: plan.maxLength,
    offsets: infer.output === 'tokens',
    addSpecialTokens: true,
    ...(includePrompt ? {} : { excludedPrompt: prompt }),
    ...cutting(truncate, prompt, overlap),
  };
  return encode(tokenizer, prompted, options, signal);
}

function rejectTruncated(encoding: NativeEncoding, window: Window, maxLength: number): void {
  const row = encoding.truncated.indexOf(1);
  if (row < 0) return;
  throw new OvembedError(
    'ERR_INPUT_TOO_LONG',
    `The input at index ${indexOf(window, row)} has ${encoding.originalLengths[row]} tokens with its prompt and special tokens; ` +
      `the model reads ${maxLength}. Split it, or let it be cut (truncate: 'end') or read in parts (truncate: 'chunk').`,
  );
}

function rejectFailed({ rows, failures }: PartResult, window: Window, inputOf: Uint32Array): void {
  const [failure] = failures;
  if (!failure) return;
  const { position, error } = failure;
  const code = error instanceof OvembedError ? error.code : 'ERR_DEVICE_FAILED';
  const index = indexOf(window, inputOf[rows[position] as number] as number);
  const message = `No device can embed the input at index ${index}, though other texts are embedded: ${(error as Error).message}`;
  throw new OvembedError(code, message, { cause: error });
}

function rejectNonFinite({ rows, nonFinite }: PartResult, window: Window, inputOf: Uint32Array): void {
  const [position] = nonFinite;
  if (position === undefined) return;
  const index = indexOf(window, inputOf[rows[position] as number] as number);
  throw new OvembedError(
    'ERR_NON_FINITE',
    `The vector of the input at index ${index} holds NaN or an infinity. ` +
      "The model's weights are damaged, or the precision does not suit it: load it with precision: 'f32'.",
  );
}
