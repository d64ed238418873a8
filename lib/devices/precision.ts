/**
 * The choice of `precision: 'auto'`. Capability flags do not tell: bf16 is three times as fast as f32 with AMX, slower
 * with AVX-512 BF16 alone, and emulated at a thirtieth of the speed elsewhere. So it is measured, with real pipelines.
 */
import { OvembedError } from '../errors.js';
import type { NativePipeline, Precision } from '../native.js';
import { Probe, type ProbeOptions } from './probe.js';

/** A precision and the words that say why it was chosen. */
export interface PrecisionChoice {
  precision: Precision;
  reason: string;
}

export function isPrecisionChoice(value: unknown): value is PrecisionChoice {
  const choice = value as Partial<PrecisionChoice> | null;
  return ['f32', 'bf16', 'f16'].includes(choice?.precision as string) && typeof choice?.reason === 'string';
}

/** OpenVINO's names of the capabilities that make a precision worth measuring. */
const CANDIDATES: readonly { capability: string; precision: Precision }[] = [
  { capability: 'BF16', precision: 'bf16' },
  { capability: 'FP16', precision: 'f16' },
];

/** A smaller gain is within the noise, and f32 is the more exact. */
const MIN_GAIN = 1.05;

/** What the measurement needs. */
export interface Trial extends ProbeOptions {
  /** The device's, as OpenVINO names them. */
  capabilities: readonly string[];
  load(precision: Precision): Promise<NativePipeline>;
}

interface Contender {
  pipeline: NativePipeline;
  precision: Precision;
  /** Speed relative to f32. */
  gain: number;
}

/**
 * Loads f32 and each candidate, keeps the fastest whose vectors are close enough to those of f32, and closes the others.
 * A candidate that cannot be loaded or run is out.
 */
export async function measurePrecision(trial: Trial): Promise<{ pipeline: NativePipeline; choice: PrecisionChoice }> {
  const candidates = CANDIDATES.filter(({ capability }) => trial.capabilities.includes(capability));
  const reference = await trial.load('f32');
  if (candidates.length === 0) {
    return { pipeline: reference, choice: { precision: 'f32', reason: 'the device computes in no other' } };
  }
  const findings: string[] = [];
  let best: Contender = { pipeline: reference, precision: 'f32', gain: 1 };
  let probe: Probe | undefined;
  try {
    probe = await Probe.prepare(reference, trial);
    await probe.warmUp();
    for (const { precision } of candidates) {
      const { contender, finding } = await tryCandidate(precision, trial, probe);
      findings.push(`${precision} ${finding}`);
      if (!contender) continue;
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
  return { pipeline: best.pipeline, choice: { precision: best.precision, reason: findings.join('; ') } };
}

/** Leaves a pipeline open only if it is a contender. */
async function tryCandidate(precision: Precision, trial: Trial, probe: Probe) {
  let pipeline: NativePipeline | undefined;
  try {
    pipeline = await trial.load(precision);
    const { gain, finding } = await probe.compare(pipeline);
    if (gain >= MIN_GAIN) return { contender: { pipeline, precision, gain }, finding };
    await pipeline.close();
    return { contender: undefined, finding };
  } catch (error) {
    await pipeline?.close();
    trial.signal.throwIfAborted();
    // Files that changed or are damaged say nothing about a precision.
    if (error instanceof OvembedError && error.code === 'ERR_MODEL_INVALID') throw error;
    return { contender: undefined, finding: `does not run: ${(error as Error).message}` };
  }
}
