/** Computations of one model measured beside a reference: with real pipelines, as capability flags do not tell. */
import { OvembedError } from '../errors.js';
import type { NativePipeline } from '../native.js';
import { type Computation, nameOf } from './computation.js';
import { type Comparison, Probe, type ProbeOptions } from './probe.js';

/** A smaller gain is within the noise, and the reference is the more exact. */
const MIN_GAIN = 1.05;

/** What a measurement needs. */
export interface Trial extends ProbeOptions {
  load(computation: Computation): Promise<NativePipeline>;
}

/** How a candidate did; `error` where it did not run. */
export interface Finding {
  candidate: Computation;
  comparison?: Comparison;
  error?: Error;
  words: string;
}

/** The fastest, open, and what was found of the others. */
export interface Outcome {
  pipeline: NativePipeline;
  computation: Computation;
  findings: Finding[];
}

/**
 * Measures candidates against a reference, keeps the fastest whose vectors are close enough to the reference's, or the
 * reference, and closes the others. A candidate that cannot be loaded or run is out.
 * @param reference open; it is closed where it is not returned, and on failure
 */
export async function runTrial(
  reference: NativePipeline,
  computation: Computation,
  candidates: readonly Computation[],
  trial: Trial,
): Promise<Outcome> {
  let best = { pipeline: reference, computation, gain: 1 };
  const findings: Finding[] = [];
  let probe: Probe | undefined;
  try {
    probe = await Probe.prepare(reference, trial);
    await probe.warmUp();
    for (const candidate of candidates) {
      const { pipeline, ...finding } = await tryCandidate(candidate, trial, probe);
      findings.push(finding);
      if (!pipeline) continue;
      const contender = { pipeline, computation: candidate, gain: finding.comparison?.gain ?? 0 };
      const loser = contender.gain > best.gain ? best : contender;
      if (loser === best) best = contender;
      if (loser.pipeline !== reference) await loser.pipeline.close();
    }
  } catch (error) {
    if (best.pipeline !== reference) await best.pipeline.close();
    await reference.close();
    throw error;
  } finally {
    probe?.release();
  }
  if (best.pipeline !== reference) await reference.close();
  return { pipeline: best.pipeline, computation: best.computation, findings };
}

/** Leaves a pipeline open only if it is a contender. */
async function tryCandidate(
  candidate: Computation,
  trial: Trial,
  probe: Probe,
): Promise<Finding & { pipeline?: NativePipeline }> {
  let pipeline: NativePipeline | undefined;
  const name = nameOf(candidate);
  try {
    pipeline = await trial.load(candidate);
    const comparison = await probe.compare(pipeline);
    const finding = { candidate, comparison, words: `${name} ${comparison.finding}` };
    if (comparison.gain >= MIN_GAIN) return { ...finding, pipeline };
    await pipeline.close();
    return finding;
  } catch (error) {
    await pipeline?.close();
    trial.signal.throwIfAborted();
    // Files that changed or are damaged say nothing about a precision.
    if (error instanceof OvembedError && error.code === 'ERR_MODEL_INVALID') throw error;
    return { candidate, error: error as Error, words: `${name} does not run: ${(error as Error).message}` };
  }
}
