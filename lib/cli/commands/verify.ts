/** `ovembed verify`: what a precision or a device costs, beside f32 on the CPU. */
import { nameOf } from '../../devices/computation.js';
import type { Embedder, EmbedderInfo } from '../../index.js';
import { type Comparison, compareEmbedders, judge, limitsOf, type Verdict } from '../../verify/compare.js';
import { defaultPairs, defaultTexts } from '../../verify/topics.js';
import { EXIT } from '../exit-codes.js';
import { UsageError } from '../failures.js';
import type { VerifyFlags } from '../flags.js';
import { readPairs, readTexts } from '../input/pairs.js';
import { loadModel } from '../load.js';
import { StdoutTarget } from '../output/targets.js';
import { modelOf } from './convert.js';

/** @returns the exit code: 7 if the precision costs more than it may */
export async function verify(argument: string | undefined, flags: VerifyFlags): Promise<number> {
  const model = modelOf(argument, flags);
  const texts = flags.texts === undefined ? defaultTexts() : await readTexts(flags.texts);
  const pairs = flags.pairs === undefined ? defaultPairs() : await readPairs(flags.pairs);
  await using candidate = await loadModel({ ...flags, model });
  await using reference = await loadReference(model, flags);
  checkComparable(reference, candidate);
  const comparison = await compareEmbedders(reference, candidate, texts, pairs);
  const verdict = judge(comparison, limitsOf(candidate.info));
  const output = flags.json
    ? asJson(candidate.info, comparison, verdict)
    : describe(candidate.info, comparison, verdict);
  await new StdoutTarget().append(Buffer.from(output));
  return verdict.passed ? EXIT.ok : EXIT.verdict;
}

async function loadReference(model: string, flags: VerifyFlags): Promise<Embedder> {
  const { activations: _, ...rest } = flags;
  const reference = await loadModel({ ...rest, model: flags.reference ?? model, device: 'CPU', precision: 'f32' });
  const { precision } = reference.info;
  if (precision === 'f32') return reference;
  await reference.close();
  throw new UsageError(
    `${flags.reference ?? model} is stored in ${precision}, so it has no f32 vectors: name the model that it was made from with --reference`,
  );
}

function checkComparable(reference: Embedder, candidate: Embedder): void {
  const [a, b] = [reference.info.dimensions, candidate.info.dimensions];
  if (a !== b) throw new UsageError(`the reference has ${a} dimensions, the model ${b}: they are not one model`);
}

function asJson(info: EmbedderInfo, comparison: Comparison, verdict: Verdict): string {
  const { model, device, precision, activations } = info;
  return `${JSON.stringify({ model, device, precision, activations, ...comparison, verdict }, null, 2)}\n`;
}

function describe(info: EmbedderInfo, { texts, cosine, ranks, pairs, spearman }: Comparison, verdict: Verdict): string {
  const figure = (value: number) => value.toFixed(5);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { limits } = verdict;
  return `${[
    `${info.model} on ${info.device}, ${nameOf(info)}, beside f32 on the CPU`,
    `  cosine    mean ${figure(cosine.mean)}, p1 ${figure(cosine.p1)}, min ${figure(cosine.min)} over ${texts} texts`,
    `  ranks     nearest text the same for ${percent(ranks.top1)}, ${percent(ranks.top10)} of the nearest ten shared`,
    `  Spearman  ${figure(spearman.candidate)}, f32 ${figure(spearman.reference)}, loss ${figure(spearman.loss)} over ${pairs} pairs`,
    `  allowed   mean cosine from ${limits.meanCosine}, Spearman's loss up to ${limits.spearmanLoss}`,
    verdict.passed ? 'Verdict: pass' : `Verdict: fail: ${verdict.failures.join('; ')}`,
  ].join('\n')}\n`;
}
