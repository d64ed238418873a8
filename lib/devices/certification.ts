/**
 * Whether a device computes what the CPU computes. Drivers have been seen to give wrong vectors without an error, so no device
 * but the CPU gets a text before its vectors of fixed texts were compared with the CPU's. What came of it is kept per machine,
 * device, driver and model; a short text is compared at every load all the same.
 */

import type { Runner } from '../batching/pipelines.js';
import { type PlanOptions, withinPositions } from '../batching/planner.js';
import { callNative, type NativeEncoding, type NativePipeline, type NativeTokenizer } from '../native.js';
import type { Canary } from './canary.js';
import { Choices } from './choices.js';
import { HARD_TEXTS } from './probe.js';
import { proseTexts, runRound } from './round.js';

/** What the comparison found. */
export interface Certificate {
  /** The smallest cosine of a vector to the CPU's; null: some vector held NaN, an infinity, or zeros only. */
  cosine: number | null;
  /** The CPU's vector of the text that shows whether a device is well. */
  canary: number[];
}

export function isCertificate(value: unknown): value is Certificate {
  const { cosine, canary } = (value ?? {}) as Partial<Certificate>;
  return (cosine === null || typeof cosine === 'number') && Array.isArray(canary) && canary.every(Number.isFinite);
}

export interface Certification {
  /** The device's, with what watches over it. */
  candidate: Runner;
  maxPositions: number;
  /** The CPU's, at the highest precision that the weights allow; opened only if it is needed, and closed. */
  openReference(): Promise<NativePipeline>;
  canary: Canary;
  tokenizer: NativeTokenizer;
  plan: PlanOptions;
  /** ovembed's cache folder. */
  cacheDir: string;
  /** Smallest that is good enough. */
  minCosine: number;
  /** Everything that the outcome depends on. */
  key: readonly string[];
  signal: AbortSignal;
}

/** The outcome for a device, from before or new. One that is not good enough is not kept: the device may be better next time. */
export async function certify(certification: Certification): Promise<Certificate> {
  const choices = new Choices(certification.cacheDir, isCertificate);
  const key = ['certified', ...certification.key];
  const isPassed = ({ cosine }: Certificate) => cosine !== null && cosine >= certification.minCosine;
  const known = await choices.read(key);
  if (known && isPassed(known)) return known;
  const found = await compare(certification);
  return isPassed(found) ? choices.keep(key, found) : found;
}

async function compare(certification: Certification): Promise<Certificate> {
  const { candidate, tokenizer, canary, signal, maxPositions } = certification;
  const plan = withinPositions(certification.plan, maxPositions);
  const options = { maxLength: plan.maxLength, offsets: false, addSpecialTokens: true };
  const reference = await certification.openReference();
  try {
    const encoding = await callNative(() => tokenizer.encode([...proseTexts(), ...HARD_TEXTS], options));
    try {
      const width = reference.dimensions;
      const expected = await runRound(reference, encoding, plan, signal, width);
      const given = await runRound(candidate, encoding, plan, signal, width);
      const cosine = smallestCosine(encoding, expected.vectors, given.vectors, width);
      return { cosine, canary: [...(await canary.vectorOf(reference))] };
    } finally {
      encoding.release();
    }
  } finally {
    await reference.close();
  }
}

/** Of rows that are normalised already. Rows without a token have no direction. */
function smallestCosine({ lengths }: NativeEncoding, a: Float32Array, b: Float32Array, width: number): number | null {
  let smallest = 1;
  for (const [row, length] of lengths.entries()) {
    if (length === 0) continue;
    let dot = 0;
    for (let i = row * width; i < (row + 1) * width; i++) dot += (a[i] as number) * (b[i] as number);
    if (!Number.isFinite(dot)) return null;
    smallest = Math.min(smallest, dot);
  }
  return smallest;
}
