/** A short comparison of two pipelines of one model: how fast, and how close their vectors. */
import { type PlanOptions, withinPositions } from '../batching/planner.js';
import { callNative, type NativeEncoding, type NativePipeline, type NativeTokenizer } from '../native.js';
import { median, proseTexts, type Round, runRound } from './round.js';

/** A pipeline that is this many times slower in its first round is emulated: it is not measured further. */
const HOPELESS = 3;
const MAX_ROUNDS = 7;
const BUDGET_MS = 200;

/**
 * What lower precisions get most wrong: texts of one or two tokens, where no mean evens errors out, and repeated or
 * unknown words. For bf16 they show about twice the error of the probe's prose.
 */
export const HARD_TEXTS = [
  '_',
  '...',
  '[MASK]',
  '!?!?!?',
  '§ ¶ † ‡ • ° © ®',
  'x'.repeat(120),
  'a '.repeat(120),
  '𠮷𠮟𩸽',
];

export interface ProbeOptions {
  tokenizer: NativeTokenizer;
  plan: PlanOptions;
  /** Ends the comparison between two batches. */
  signal: AbortSignal;
  /** What the reference is called in findings. */
  referenceName: string;
  /** What every vector's cosine to the reference's has to reach. */
  minCosine: number;
}

export interface Comparison {
  /** Speed relative to the reference; 0 if the vectors differ too much or the pipeline is hopelessly slow. */
  gain: number;
  /** Unfit whatever is wanted: several times as slow as the reference, so emulated, or with vectors that are no numbers. */
  isHopeless: boolean;
  /** The outcome in words. */
  finding: string;
}

export class Probe {
  readonly #encoding: NativeEncoding;
  readonly #plan: PlanOptions;
  readonly #reference: NativePipeline;
  readonly #options: ProbeOptions;
  #first: Round = { ms: 0, vectors: new Float32Array() };

  private constructor(reference: NativePipeline, encoding: NativeEncoding, plan: PlanOptions, options: ProbeOptions) {
    this.#reference = reference;
    this.#options = options;
    this.#encoding = encoding;
    this.#plan = plan;
  }

  static async prepare(reference: NativePipeline, trial: ProbeOptions): Promise<Probe> {
    const plan = withinPositions(trial.plan, reference.maxPositions);
    const options = { maxLength: plan.maxLength, offsets: false, addSpecialTokens: true };
    const encoding = await callNative(() => trial.tokenizer.encode([...proseTexts(), ...HARD_TEXTS], options));
    return new Probe(reference, encoding, plan, trial);
  }

  /** The reference's own first round; a failure of it is not a candidate's. */
  async warmUp(): Promise<void> {
    this.#first = await this.#round(this.#reference);
  }

  /** Compares medians of interleaved rounds, so that a machine that is busy for a while slows both. After `warmUp()`. */
  async compare(candidate: NativePipeline): Promise<Comparison> {
    const expected = this.#first;
    const first = await this.#round(candidate);
    const similarity = this.#smallestCosine(expected.vectors, first.vectors, candidate.dimensions);
    const { referenceName, minCosine } = this.#options;
    const cosine = `a cosine of ${similarity.toFixed(5)}`;
    if (Number.isNaN(similarity))
      return { gain: 0, isHopeless: true, finding: 'gives vectors with NaN or an infinity' };
    const isHopeless = first.ms > HOPELESS * expected.ms;
    if (!(similarity >= minCosine)) return { gain: 0, isHopeless, finding: `has ${cosine} to ${referenceName}` };
    if (isHopeless) return { gain: 0, isHopeless, finding: `takes over ${HOPELESS} times as long as ${referenceName}` };

    const reference: number[] = [];
    const measured: number[] = [];
    const end = performance.now() + BUDGET_MS;
    do {
      reference.push((await this.#round(this.#reference)).ms);
      measured.push((await this.#round(candidate)).ms);
    } while (measured.length < MAX_ROUNDS && performance.now() < end);
    const gain = median(reference) / median(measured);
    const finding = `is ${gain.toFixed(2)} times as fast as ${referenceName}, with ${cosine}`;
    return { gain, isHopeless, finding };
  }

  release(): void {
    this.#encoding.release();
  }

  #round(pipeline: NativePipeline): Promise<Round> {
    return runRound(pipeline, this.#encoding, this.#plan, this.#options.signal, pipeline.dimensions);
  }

  /** Of rows that are normalised already; NaN if any value is. Rows without a token have no direction. */
  #smallestCosine(a: Float32Array, b: Float32Array, width: number): number {
    let smallest = 1;
    this.#encoding.lengths.forEach((length, row) => {
      if (length === 0) return;
      let dot = 0;
      for (let i = row * width; i < (row + 1) * width; i++) dot += (a[i] as number) * (b[i] as number);
      smallest = Math.min(smallest, dot);
    });
    return smallest;
  }
}
