/**
 * Which texts may share a batch and how many of them do, as pure functions of their lengths.
 *
 * A text is padded to its own bucket and shares a batch with texts of that bucket only. Its vector then does not depend
 * on what it was batched with, to the last bit: padding a short text to the length of a long neighbour would change the
 * order of sums inside the matrix products.
 */

/** How batches are cut. */
export interface PlanOptions {
  /** Ascending lengths in tokens; beyond the last, its multiples follow. `[16]` stands for all multiples of 16. */
  buckets: readonly number[];
  /** No text is longer than this; no bucket either, since position tables end there. 0: no limit. */
  maxLength: number;
  /** Most tokens of a batch, padding counted. A text whose bucket is longer is a batch of its own. */
  batchTokens: number;
  /** Most texts of a batch. */
  maxBatchSize: number;
}

/** Batches of so few tokens are not made smaller. */
const SMALL_BATCH_TOKENS = 256;
const INTERACTIVE_SHARE = 1 / 4;

/**
 * The same plan for texts that somebody waits for: a batch under way keeps those that come meanwhile waiting, 1,024 tokens on one
 * thread of a CPU for 170 ms. A device that works well with larger batches gets larger ones here, too.
 */
export function interactivePlan(plan: PlanOptions): PlanOptions {
  const tokens = Math.max(SMALL_BATCH_TOKENS, Math.floor(plan.batchTokens * INTERACTIVE_SHARE));
  return { ...plan, batchTokens: Math.min(plan.batchTokens, tokens) };
}

/** The same plan with texts no longer than the graph's position table. @param maxPositions 0: no limit */
export function withinPositions(plan: PlanOptions, maxPositions: number): PlanOptions {
  const limits = [plan.maxLength, maxPositions].filter((limit) => limit > 0);
  return { ...plan, maxLength: limits.length > 0 ? Math.min(...limits) : 0 };
}

/** Texts of one length bucket. */
export interface BucketRows {
  /** Tokens to which each text is padded. */
  bucket: number;
  /** Indices of the texts in the lengths that were grouped, ascending. */
  rows: Uint32Array;
}

/**
 * Groups texts by bucket so that every text is in exactly one group: longest bucket first, so that the last batches to
 * finish are short ones and parallel streams end together.
 * @param lengths tokens per text, special tokens counted
 */
export function groupByBucket(lengths: Uint32Array, options: PlanOptions): BucketRows[] {
  const groups = new Map<number, number[]>();
  lengths.forEach((length, row) => {
    const bucket = bucketOf(length, options);
    const group = groups.get(bucket);
    if (group) group.push(row);
    else groups.set(bucket, [row]);
  });
  const longestFirst = [...groups].sort(([a], [b]) => b - a);
  return longestFirst.map(([bucket, rows]) => ({ bucket, rows: Uint32Array.from(rows) }));
}

/** The length to which a text of `length` tokens is padded. */
export function bucketOf(length: number, { buckets, maxLength }: PlanOptions): number {
  const last = buckets.at(-1) as number;
  const bucket = buckets.find((candidate) => candidate >= length) ?? Math.ceil(length / last) * last;
  return maxLength > 0 ? Math.min(bucket, maxLength) : bucket;
}

/** Texts of a full batch: the token budget and the cap on texts, but always at least one. */
export function fullBatch(bucket: number, { batchTokens, maxBatchSize }: PlanOptions): number {
  return Math.min(maxBatchSize, Math.max(1, Math.floor(batchTokens / bucket)));
}

/**
 * How many of `waiting` texts the next batch takes: a full batch, or else the largest power of two. The runtime keeps
 * memory for every input shape it has seen, so free batch sizes would let memory grow for as long as new sizes come;
 * this way a bucket has at most 2 + log2(full) shapes.
 */
export function nextBatchSize(waiting: number, bucket: number, options: PlanOptions): number {
  const full = fullBatch(bucket, options);
  return waiting >= full ? full : 2 ** Math.floor(Math.log2(waiting));
}
