/**
 * Texts that are longer than the model reads: how each policy has them cut, and how `'chunk'` makes one vector of several
 * windows: their mean, weighted by the tokens of the text in each, and only then normalised. That is the practice of OpenAI's
 * cookbook ("Embedding texts that are longer than the model's maximum context length") and of vLLM
 * (`enable_chunked_processing`). Windows are pooled as the model gives them before its vectors are normalised: with mean
 * pooling the result is, but for special tokens, the mean of all token vectors of the text.
 */
import type { EncodedLengths, Request } from '../batching/windows.js';
import type { PartResult, Work } from '../batching/work.js';
import { callNativeNow, type EncodeOptions, type NativeAddon, type NativeEncoding } from '../native.js';
import type { Truncate } from '../options.js';

/** What of the addon makes one vector of several. */
export type VectorPooler = Pick<NativeAddon, 'poolVectors'>;

const CUTS = { error: 'end', end: 'end', start: 'start', chunk: 'windows' } as const satisfies Record<Truncate, string>;

/** How the tokenizer cuts; at the start only what comes after the prompt, which is what the model was trained to read first. */
export function cutting(
  truncate: Truncate,
  prompt: string,
  overlap = 0,
): Pick<EncodeOptions, 'cut' | 'keptPrompt' | 'overlap'> {
  const cut = CUTS[truncate];
  if (cut === 'end') return {};
  return { cut, ...(prompt !== '' && { keptPrompt: prompt }), ...(overlap > 0 && { overlap }) };
}

/** Whether texts have a vector of several windows. */
export function readsInWindows({ truncate, infer }: Request): boolean {
  return truncate === 'chunk' && infer.output === 'pooled';
}

/** Rows that are windows, as texts. */
export class WindowPooling {
  /** What the model is asked for instead of a text's vector. */
  readonly infer: Work['options'];
  /** What an encoding without windows tells. */
  readonly texts: Required<EncodedLengths>;
  readonly #normalize: boolean;
  readonly #pooler: VectorPooler;
  readonly #inputs: Uint32Array;
  readonly #weights: Uint32Array;
  /** Of each text, its first row. */
  readonly #first: Uint32Array;
  /** Texts of which some windows are there. */
  readonly #begun = new Map<number, { vectors: Float32Array; missing: number }>();

  constructor(encoding: NativeEncoding, infer: Work['options'], pooler: VectorPooler) {
    // Dimensions are cut in each window, which changes nothing: a mean is taken dimension by dimension.
    this.infer = { ...infer, normalize: false };
    this.#normalize = infer.normalize;
    this.#pooler = pooler;
    this.#inputs = encoding.inputs;
    // A text without content, of special tokens only, has a vector too.
    this.#weights = encoding.ownLengths.map((own) => Math.max(own, 1));
    const { texts, first } = byText(encoding);
    this.texts = texts;
    this.#first = first;
  }

  /** The vectors of the texts that have all their windows now. */
  take(part: PartResult): PartResult {
    const width = part.rows.length === 0 ? 0 : part.data.length / part.rows.length;
    const whole: { text: number; vectors: Float32Array }[] = [];
    for (const [i, row] of part.rows.entries()) {
      const text = this.#inputs[row] as number;
      const vectors = this.#add(text, row, part.data.subarray(i * width, (i + 1) * width));
      if (vectors) whole.push({ text, vectors });
    }
    return {
      ...part,
      rows: Uint32Array.from(whole, ({ text }) => text),
      data: this.#pool(whole, width),
      ran: part.rows.length,
    };
  }

  /** @returns the vectors of all windows of the text, unless some are missing */
  #add(text: number, row: number, vector: Float32Array): Float32Array | undefined {
    const chunks = this.texts.chunks[text] as number;
    if (chunks === 1) return vector;
    const begun = this.#begun.get(text) ?? { vectors: new Float32Array(chunks * vector.length), missing: chunks };
    begun.vectors.set(vector, (row - (this.#first[text] as number)) * vector.length);
    this.#begun.set(text, begun);
    if (--begun.missing > 0) return undefined;
    this.#begun.delete(text);
    return begun.vectors;
  }

  #pool(whole: readonly { text: number; vectors: Float32Array }[], dimensions: number): Float32Array {
    const target = new Float32Array(whole.length * dimensions);
    if (whole.length === 0) return target;
    const lengths = Uint32Array.from(whole, ({ text }) => this.texts.chunks[text] as number);
    const starts = startsOf(lengths);
    const rows = (starts.at(-1) as number) + (lengths.at(-1) as number);
    const vectors = new Float32Array(rows * dimensions);
    const weights = new Uint32Array(rows);
    for (const [i, one] of whole.entries()) {
      const [start, first] = [starts[i] as number, this.#first[one.text] as number];
      vectors.set(one.vectors, start * dimensions);
      weights.set(this.#weights.subarray(first, first + (lengths[i] as number)), start);
    }
    const normalize = this.#normalize;
    callNativeNow(() => this.#pooler.poolVectors(vectors, target, { dimensions, starts, lengths, weights, normalize }));
    return target;
  }
}

/** Where each begins of things that follow each other. */
export function startsOf(lengths: Uint32Array): Uint32Array {
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return end - length;
  });
}

function byText({ inputs, lengths, originalLengths, truncated }: NativeEncoding) {
  const count = inputs.length === 0 ? 0 : (inputs.at(-1) as number) + 1;
  const texts: Required<EncodedLengths> = {
    lengths: new Uint32Array(count),
    originalLengths: new Uint32Array(count),
    truncated: new Uint8Array(count),
    chunks: new Uint32Array(count),
  };
  const add = (values: Uint32Array, at: number, value: number) => {
    values[at] = (values[at] as number) + value;
  };
  for (const [row, text] of inputs.entries()) {
    add(texts.lengths, text, lengths[row] as number);
    add(texts.chunks, text, 1);
    texts.originalLengths[text] = originalLengths[row] as number;
    texts.truncated[text] = truncated[row] as number;
  }
  return { texts, first: startsOf(texts.chunks) };
}
