/** Two embedders of one vector space beside each other: a precision or a device, and f32. */
import type { Computation } from '../devices/computation.js';
import type { Embedder } from '../embedder.js';
import { cosine } from '../vectors/similarity.js';
import { mean, quantile, type RankAgreement, type Rows, rankAgreement, row, spearman } from './statistics.js';
import type { TextPair } from './topics.js';

export interface Comparison {
  texts: number;
  /** Of each text's two vectors. */
  cosine: { min: number; p1: number; mean: number };
  /** With each text as a query over all others. */
  ranks: RankAgreement;
  pairs: number;
  /** Of the pairs' cosines to their scores. */
  spearman: { reference: number; candidate: number; loss: number };
}

/** What a computation may cost. Rank agreement is shown, not judged: it depends on how near the texts lie to each other. */
export interface Limits {
  meanCosine: number;
  spearmanLoss: number;
}

export interface Verdict {
  passed: boolean;
  limits: Limits;
  /** What is out of its limits. */
  failures: string[];
}

export async function compareEmbedders(
  reference: Embedder,
  candidate: Embedder,
  texts: readonly string[],
  pairs: readonly TextPair[],
): Promise<Comparison> {
  const [expected, found] = [await reference.embed(texts), await candidate.embed(texts)];
  const cosines = texts.map((_, i) => cosine(row(expected, i), row(found, i)));
  const scores = pairs.map(({ score }) => score);
  const [before, after] = [await likeness(reference, pairs), await likeness(candidate, pairs)];
  const [exact, other] = [spearman(before, scores), spearman(after, scores)];
  return {
    texts: texts.length,
    cosine: { min: Math.min(...cosines), p1: quantile(cosines, 0.01), mean: mean(cosines) },
    ranks: rankAgreement(expected, found),
    pairs: pairs.length,
    spearman: { reference: exact, candidate: other, loss: exact - other },
  };
}

async function likeness(embedder: Embedder, pairs: readonly TextPair[]): Promise<number[]> {
  const left: Rows = await embedder.embed(pairs.map(({ a }) => a));
  const right: Rows = await embedder.embed(pairs.map(({ b }) => b));
  return pairs.map((_, i) => cosine(row(left, i), row(right, i)));
}

/** `auto` never costs more than the first line; the others are the bars that int8 is held to. */
export function limitsOf({ precision, activations }: Computation): Limits {
  if (precision !== 'int8') return { meanCosine: 0.9999, spearmanLoss: 0.003 };
  if (activations.startsWith('int8-static')) return { meanCosine: 0.99, spearmanLoss: 0.01 };
  return { meanCosine: 0.997, spearmanLoss: activations.startsWith('int8') ? 0.01 : 0.003 };
}

/** NaN is within no limit. */
export function judge(comparison: Comparison, limits: Limits): Verdict {
  const failures: string[] = [];
  if (!(comparison.cosine.mean >= limits.meanCosine)) failures.push(`the mean cosine is below ${limits.meanCosine}`);
  if (comparison.pairs > 0 && !(comparison.spearman.loss <= limits.spearmanLoss)) {
    failures.push(`Spearman's correlation is lower by more than ${limits.spearmanLoss}`);
  }
  return { passed: failures.length === 0, limits, failures };
}
