/**
 * How a device is fed: streams and tokens per batch. The rules of plan.ts and the default are right nearly everywhere; a
 * short measurement finds the machines and models for which they are not. Buckets are no part of it: a text's last bits
 * depend on its bucket, and must not depend on a measurement.
 */
import { type PlanOptions, withinPositions } from '../batching/planner.js';
import { callNative, type NativePipeline, type NativeTokenizer } from '../native.js';
import type { Parallelism } from './plan.js';
import { median, proseTexts, runRound } from './round.js';

/** What was chosen, and the words that say why. */
export interface Tuning {
  streams: number;
  batchTokens: number;
  reason: string;
}

export function isTuning(value: unknown): value is Tuning {
  const tuning = value as Partial<Tuning> | null;
  const counts = [tuning?.streams, tuning?.batchTokens];
  return (
    counts.every((count) => Number.isSafeInteger(count) && (count as number) > 0) && typeof tuning?.reason === 'string'
  );
}

/** What the measurement needs. */
export interface TuningTrial {
  /** Set up as by default. */
  pipeline: NativePipeline;
  tokenizer: NativeTokenizer;
  plan: PlanOptions;
  /** Numbers of streams that are worth trying beside the default's. */
  streams: readonly number[];
  load(parallelism: Parallelism): Promise<NativePipeline>;
  signal: AbortSignal;
}

/** Tokens per batch relative to the default. */
const BUDGETS = [0.5, 2];

/** The default is known to be good, and the machine may be busy with other things: a smaller gain is not worth the risk. */
const MIN_GAIN = 1.1;
/** Of all variants. */
const ROUNDS = 2;
/** Of the fastest beside the default, before it takes its place: one of several is the fastest by chance, too. */
const CONFIRMING_ROUNDS = 5;
/** A round that takes longer tells that the model is large: batches of any size keep the device busy. */
const LONGEST_ROUND_MS = 200;

interface Variant {
  name: string;
  tuning: Omit<Tuning, 'reason'>;
  pipeline: NativePipeline;
  ms: number[];
}

/**
 * Times the default and variants that differ from it in one thing, round by round, and takes the fastest. Returns with its
 * pipeline; the others are closed, and all of them, the given one as well, when it fails.
 */
export async function tune(trial: TuningTrial): Promise<{ pipeline: NativePipeline; tuning: Tuning }> {
  const { pipeline, plan, signal } = trial;
  const opened: NativePipeline[] = [pipeline];
  const texts = proseTexts(2 * pipeline.streams);
  const { maxLength } = withinPositions(plan, pipeline.maxPositions);
  const options = { maxLength, offsets: false, addSpecialTokens: true };
  let best: Variant | undefined;
  try {
    const encoding = await callNative(() => trial.tokenizer.encode(texts, options));
    try {
      const usual = usualVariant(trial);
      const time = async (variant: Variant) =>
        (await runRound(variant.pipeline, encoding, planOf(variant, plan), signal, pipeline.dimensions)).ms;
      await time(usual); // the first run of a shape compiles its kernels
      if ((await time(usual)) > LONGEST_ROUND_MS) {
        best = usual;
        return {
          pipeline,
          tuning: { ...usual.tuning, reason: 'defaults, as the model is large or the machine was busy' },
        };
      }
      const variants = [usual, ...(await otherVariants(trial, usual, opened))];
      await timeInTurns(variants, 1, time); // warms up
      for (const { ms } of variants) ms.length = 0;
      await timeInTurns(variants, ROUNDS, time);
      best = fastest(variants);
      if (best !== usual) await timeInTurns([usual, best], CONFIRMING_ROUNDS, time);
      best = fastest([usual, best]);
      return { pipeline: best.pipeline, tuning: { ...best.tuning, reason: findings(variants) } };
    } finally {
      encoding.release();
    }
  } finally {
    await Promise.all(opened.filter((other) => other !== best?.pipeline).map((other) => other.close()));
  }
}

function usualVariant({ pipeline, plan }: TuningTrial): Variant {
  const tuning = { streams: pipeline.streams, batchTokens: plan.batchTokens };
  return { name: 'default', tuning, pipeline, ms: [] };
}

async function otherVariants(trial: TuningTrial, usual: Variant, opened: NativePipeline[]): Promise<Variant[]> {
  const { pipeline, tuning } = usual;
  const variants: Variant[] = [];
  for (const factor of BUDGETS) {
    const batchTokens = tuning.batchTokens * factor;
    variants.push({ name: `${batchTokens} tokens`, tuning: { ...tuning, batchTokens }, pipeline, ms: [] });
  }
  for (const streams of trial.streams) {
    const other = await trial.load({ streams, threads: pipeline.threads });
    opened.push(other);
    variants.push({ name: `streams ${streams}`, tuning: { ...tuning, streams }, pipeline: other, ms: [] });
  }
  return variants;
}

function planOf({ tuning, pipeline }: Variant, plan: PlanOptions): PlanOptions {
  return withinPositions({ ...plan, batchTokens: tuning.batchTokens }, pipeline.maxPositions);
}

async function timeInTurns(variants: readonly Variant[], rounds: number, time: (variant: Variant) => Promise<number>) {
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) variant.ms.push(await time(variant));
  }
}

function fastest([usual, ...others]: Variant[]): Variant {
  let best = usual as Variant;
  let most = MIN_GAIN;
  for (const other of others) {
    const gain = gainOf(other, usual as Variant);
    if (!(gain >= most)) continue; // nor where nothing could be measured
    best = other;
    most = gain;
  }
  return best;
}

function gainOf(variant: Variant, usual: Variant): number {
  return median(usual.ms) / median(variant.ms);
}

function findings([usual, ...others]: Variant[]): string {
  const { streams, batchTokens } = (usual as Variant).tuning;
  const gains = others.map((other) => `${other.name} ${gainOf(other, usual as Variant).toFixed(2)}`).join(', ');
  return `speed relative to ${streams} streams and ${batchTokens} tokens: ${gains}`;
}
