/**
 * A stand-in for the addon behind the same seam: a token per character (its id the UTF-16 code unit) between a first and
 * a last special token, and a vector that is a function of a row's ids alone. Delays and failures are set from outside,
 * and everything that must be freed is counted.
 */
import { widthAfter } from '../../lib/models/index.js';
import type {
  BatchPart,
  EncodeOptions,
  InferOptions,
  InferResult,
  NativeAddon,
  NativeDevice,
  NativeEncoding,
  NativePipeline,
  NativeTokenizer,
  PipelineOptions,
  PipelineShape,
  StoredQuantization,
  TokenizerOptions,
} from '../../lib/native.js';
import { plainConversion } from './plain-conversion.js';
import { plainPooling } from './plain-pooling.js';

export const CLS = 1;
export const SEP = 2;
export const VOCABULARY = 0x10000;
export const WIDTH = 4;

/** `bf16`; or `int8/bf16` with int8 weights; or `int8/int8+bf16` with int8 activations as well. */
function computationOf({ precision, int8Weights, int8Activations }: PipelineOptions): string {
  if (!int8Weights) return precision;
  return `int8/${int8Activations ? `int8${precision === 'f32' ? '' : `+${precision}`}` : precision}`;
}

/** What a test sets, and what it looks at afterwards. */
export class FakeWorld {
  devices: NativeDevice[] = [{ name: 'CPU', fullName: 'Fake CPU', capabilities: ['FP32'], driver: null }];
  concurrency = 2;
  maxPositions = 0;
  pooledInGraph = false;
  masksPadding = true;
  quantization: StoredQuantization = 'none';
  /** Called before each batch runs; what it throws or rejects with is the batch's failure. */
  onInfer: (parts: readonly BatchPart[], options: InferOptions, precision: string, device: string) => unknown =
    () => {};
  /** Called before inputs are encoded; `encodeNow` does not wait for what it returns. */
  onEncode: () => unknown = () => {};
  onLoad: (options: PipelineOptions) => unknown = () => {};
  /** Stands for the error of a precision. */
  distort: (value: number, precision: string, device: string) => number = (value) => value;
  /** Texts whose vectors hold NaN. */
  poison = new Set<string>();

  /** Texts of which a tokenizer without a template makes no token. */
  isTokenless: (text: string) => boolean = () => false;

  /** Where the tokenizer's file cuts. */
  cut: 'end' | 'start' = 'end';

  heapTrims = 0;
  openEncodings = 0;
  openPipelines = 0;
  openTokenizers = 0;
  inFlight = 0;
  mostInFlight = 0;
  readonly batches: { bucket: number; lengths: number[]; options: InferOptions }[] = [];
  readonly encoded: (string | Uint32Array)[] = [];
  /** How many inputs each call of `encodeNow` had. */
  readonly encodedNow: number[] = [];
  readonly loads: PipelineOptions[] = [];
  readonly tokenizers: TokenizerOptions[] = [];
  /** What pooling was to leave out, call by call. */
  readonly excludedPrompts: (string | undefined)[] = [];
  /** Batches and encodings that were stopped while they ran. */
  stopped = 0;

  readonly addon: NativeAddon = {
    runtimeVersion: 'fake-1',
    devices: async () => this.devices,
    deviceProperties: async () => ({}),
    registerPlugin: () => {},
    modelReport: async () => ({ operations: 0, shapes: [] }),
    loadTokenizer: async (options) => {
      this.tokenizers.push(options);
      this.openTokenizers++;
      return this.tokenizer();
    },
    loadPipeline: async (options) => this.pipeline(options),
    convertModel: async () => {},
    compileAhead: async () => {},
    quantizeModel: async () => {},
    availableCpus: () => 2,
    performanceCpus: () => 2,
    createFlatIndex: () => {
      throw new Error('Searches are tested with the addon.');
    },
    jsonVector: (vector) => JSON.stringify(Array.from(vector)),
    trimHeap: () => this.heapTrims++,
    lockFile: () => () => {},
    stop: () => {},
    ...plainConversion,
    ...plainPooling,
  };

  tokenizer(): NativeTokenizer {
    let closed = false;
    const jobs = new Jobs(this);
    return {
      close: () => {
        if (closed) throw new Error('tokenizer closed twice');
        closed = true;
        this.openTokenizers--;
      },
      vocabSize: VOCABULARY,
      cut: this.cut,
      encode: async (inputs, options) => {
        const copy = [...inputs];
        this.encoded.push(...copy);
        this.excludedPrompts.push(options.excludedPrompt);
        await jobs.run(options.job, () => this.onEncode());
        return new FakeEncoding(this, copy, options);
      },
      encodeNow: (inputs, options) => {
        this.encoded.push(...inputs);
        this.excludedPrompts.push(options.excludedPrompt);
        this.encodedNow.push(inputs.length);
        this.onEncode();
        return new FakeEncoding(this, inputs, options);
      },
      cancel: (job) => jobs.cancel(job),
      decode: async (rows, skip) =>
        rows.map((ids) => String.fromCharCode(...[...ids].filter((id) => !skip || (id !== CLS && id !== SEP)))),
    };
  }

  async pipeline(options: PipelineOptions): Promise<NativePipeline> {
    this.loads.push(options);
    await this.onLoad(options);
    this.openPipelines++;
    let closed = false;
    const jobs = new Jobs(this);
    return {
      hiddenSize: WIDTH,
      dimensions: widthAfter(options.modules, WIDTH * options.pooling.length),
      maxPositions: this.maxPositions,
      pooledInGraph: this.pooledInGraph,
      masksPadding: this.masksPadding,
      quantization: this.quantization,
      fromBlob: false,
      blobProblem: null,
      executionDevices: [options.device],
      streams: options.streams,
      threads: options.threads,
      concurrency: this.concurrency,
      infer: async (parts, inferOptions) => {
        if (closed) throw new Error('infer after close');
        checkShape(options.shape, parts, inferOptions);
        return this.#infer(parts, inferOptions, options, jobs);
      },
      cancel: (job) => jobs.cancel(job),
      giveUp: (job) => jobs.cancel(job, 'ERR_DEVICE_FAILED'),
      close: async () => {
        if (closed) throw new Error('closed twice');
        if (this.inFlight > 0) throw new Error('closed with batches in flight');
        closed = true;
        this.openPipelines--;
      },
    };
  }

  async #infer(
    parts: readonly BatchPart[],
    options: InferOptions,
    { device, ...pipeline }: PipelineOptions,
    jobs: Jobs,
  ): Promise<InferResult> {
    const precision = computationOf({ device, ...pipeline });
    const rows = parts.flatMap(({ encoding, rows }) => [...rows].map((row) => (encoding as FakeEncoding).row(row)));
    this.batches.push({ bucket: options.bucket, lengths: rows.map(({ length }) => length), options });
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      await jobs.run(options.job, () => this.onInfer(parts, options, precision, device));
    } finally {
      this.inFlight--;
    }
    const vectors = options.output === 'tokens' ? rows.flatMap(tokenVectors) : rows.map((ids) => pooled(ids, options));
    const poisoned = rows.flatMap((ids, position) => (this.poison.has(textOf(ids)) ? [position] : []));
    return {
      data: Float32Array.from(
        vectors.flatMap((vector) => [...vector]),
        (value) => this.distort(value, precision, device),
      ),
      nonFiniteRows: Uint32Array.from(poisoned),
      queueMicros: 10,
      inferMicros: 100,
      poolMicros: 1,
    };
  }
}

/** Work under way by its number, so that it can be stopped. */
class Jobs {
  readonly #world: FakeWorld;
  /** A number given to two pieces of work means both. */
  readonly #stops = new Map<number, Set<(error: Error) => void>>();

  constructor(world: FakeWorld) {
    this.#world = world;
  }

  /** Settles with the work, or rejects as soon as the job is cancelled. */
  async run(job: number | undefined, work: () => unknown): Promise<void> {
    if (job === undefined) return void (await work());
    const stops = this.#stops.get(job) ?? new Set();
    this.#stops.set(job, stops);
    let stop: (error: Error) => void = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = reject;
      stops.add(stop);
    });
    try {
      await Promise.race([work(), stopped]);
    } finally {
      stops.delete(stop);
      if (stops.size === 0) this.#stops.delete(job);
    }
  }

  cancel(job: number, code = 'ERR_CLOSED'): void {
    for (const stop of this.#stops.get(job) ?? []) {
      this.#world.stopped++;
      stop(Object.assign(new Error('The work was cancelled.'), { code }));
    }
  }
}

function checkShape(shape: PipelineShape | null, parts: readonly BatchPart[], { bucket }: InferOptions): void {
  const rows = parts.reduce((sum, part) => sum + part.rows.length, 0);
  if (shape && (rows !== shape.rows || bucket !== shape.width)) throw new Error('a batch of another shape');
}

/** The texts of a batch. */
export function textsOf(parts: readonly BatchPart[]): string[] {
  return parts.flatMap(({ encoding, rows }) => Array.from(rows, (row) => textOf((encoding as FakeEncoding).row(row))));
}

/** The vector that a text gets, whatever it shares a batch with. */
export function vectorOf(text: string, options: Partial<InferOptions> = {}): Float32Array {
  const ids = [CLS, ...codeUnits(text), SEP];
  return pooled(Uint32Array.from(ids), { bucket: 0, output: 'pooled', dimensions: 0, normalize: true, ...options });
}

class FakeEncoding implements NativeEncoding {
  readonly lengths: Uint32Array;
  readonly originalLengths: Uint32Array;
  readonly truncated: Uint8Array;
  readonly inputs: Uint32Array;
  readonly ownStarts: Uint32Array;
  readonly ownLengths: Uint32Array;
  readonly #world: FakeWorld;
  readonly #rows: Uint32Array[];
  readonly #options: EncodeOptions;
  #released = false;

  constructor(world: FakeWorld, inputs: readonly (string | Uint32Array)[], options: EncodeOptions) {
    this.#world = world;
    this.#options = options;
    const encode = (text: string) => (world.isTokenless(text) ? [] : withTemplate(text, options));
    const rows = inputs.flatMap((input, index) => {
      const ids = typeof input === 'string' ? encode(input) : [...input];
      const kept = typeof input === 'string' ? (options.keptPrompt?.length ?? 0) : 0;
      return cutRow(ids, kept, options).map((row) => ({ ...row, index, original: ids.length }));
    });
    this.#rows = rows.map(({ ids }) => Uint32Array.from(ids));
    this.lengths = Uint32Array.from(rows, ({ ids }) => ids.length);
    this.originalLengths = Uint32Array.from(rows, ({ original }) => original);
    this.truncated = Uint8Array.from(rows, ({ loses }) => (loses ? 1 : 0));
    this.inputs = Uint32Array.from(rows, ({ index }) => index);
    this.ownStarts = Uint32Array.from(rows, ({ own }) => own);
    this.ownLengths = Uint32Array.from(rows, ({ ids, own }) => Math.max(0, ids.length - own - 1));
    world.openEncodings++;
  }

  row(row: number): Uint32Array {
    if (this.#released) throw new Error('use after release');
    return this.#rows[row] as Uint32Array;
  }

  tokens() {
    const ids = this.#rows.flatMap((row) => [...row]);
    const special = ids.map((id) => (id === CLS || id === SEP ? 1 : 0));
    const offsets = this.#rows.flatMap((row) => [...row].flatMap((_, i) => [Math.max(0, i - 1), i]));
    return {
      ids: Uint32Array.from(ids),
      typeIds: new Uint32Array(ids.length),
      specialTokensMask: Uint8Array.from(special),
      offsets: Uint32Array.from(this.#options.offsets ? offsets : []),
    };
  }

  release(): void {
    if (this.#released) throw new Error('released twice');
    this.#released = true;
    this.#world.openEncodings--;
  }
}

/** At the end the last special token goes as well; elsewhere rows are within two, with the prompt in front. */
function cutRow(ids: number[], kept: number, { maxLength, cut = 'end', overlap = 0 }: EncodeOptions) {
  if (maxLength === 0 || ids.length <= maxLength) return [{ ids, own: 1, loses: false }];
  if (cut === 'end') return [{ ids: ids.slice(0, maxLength), own: 1, loses: true }];
  const [head, content] = [ids.slice(0, 1 + kept), ids.slice(1 + kept, -1)];
  const room = maxLength - head.length - 1;
  const row = (from: number, repeated: number) => ({
    ids: [...head, ...content.slice(from, from + room), SEP],
    own: head.length + repeated,
    loses: cut === 'start',
  });
  if (cut === 'start') return [row(content.length - room, 0)];
  const step = room - Math.min(overlap, Math.floor(room / 2));
  const windows = 1 + Math.ceil((content.length - room) / step);
  return Array.from({ length: windows }, (_, i) => row(i * step, i === 0 ? 0 : room - step));
}

function withTemplate(text: string, { addSpecialTokens }: EncodeOptions): number[] {
  return addSpecialTokens ? [CLS, ...codeUnits(text), SEP] : codeUnits(text);
}

function codeUnits(text: string): number[] {
  return Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

function textOf(ids: Uint32Array): string {
  return String.fromCharCode(...ids.filter((id) => id !== CLS && id !== SEP));
}

function tokenVectors(ids: Uint32Array): Float32Array[] {
  return Array.from(ids, (id, position) => Float32Array.from([id, position, id % 7, 1]));
}

function pooled(ids: Uint32Array, { dimensions, normalize }: InferOptions): Float32Array {
  const vector = new Float32Array(WIDTH);
  ids.forEach((id, position) => {
    for (let i = 0; i < WIDTH; i++) vector[i] = (vector[i] as number) + Math.sin(id * (i + 1) + position);
  });
  const cut = dimensions > 0 ? vector.slice(0, dimensions) : vector;
  const norm = Math.hypot(...cut);
  return normalize && norm > 0 ? cut.map((value) => value / norm) : cut;
}
