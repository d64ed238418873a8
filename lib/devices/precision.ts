/**
 * Chooses what a model is computed in. Capability flags do not tell: bf16 is three times as fast as f32 with AMX, slower
 * with AVX-512 BF16 alone on some CPUs, and emulated at a thirtieth of the speed elsewhere; quantised activations double
 * the speed, or do not run at all. So it is measured.
 */
import { OvembedError } from '../errors.js';
import type { FloatPrecision, NativePipeline } from '../native.js';
import {
  type Activations,
  type AskedActivations,
  asStored,
  type Computation,
  float,
  int8,
  isComputation,
  nameOf,
} from './computation.js';
import { type Finding, runTrial, type Trial } from './trial.js';

/** A computation and the words that say why it was chosen. */
export interface PrecisionChoice extends Computation {
  reason: string;
}

export function isPrecisionChoice(value: unknown): value is PrecisionChoice {
  return isComputation(value) && typeof (value as Partial<PrecisionChoice>).reason === 'string';
}

/** What may be asked for. */
export interface PrecisionRequest {
  precision: 'auto' | FloatPrecision | 'int8';
  /** With `int8` only. */
  activations: 'auto' | AskedActivations;
}

/** For the choice. */
export interface PrecisionTrial extends Pick<Trial, 'tokenizer' | 'plan' | 'signal' | 'load'> {
  /** The device's, as OpenVINO names them. */
  capabilities: readonly string[];
  /** As OpenVINO takes it. */
  device: string;
  /** For messages. */
  deviceName: string;
}

export interface Chosen {
  pipeline: NativePipeline;
  choice: PrecisionChoice;
}

/** `auto` never costs more, of what the model's file holds. */
const MIN_COSINE = 0.9999;
/** Of quantised activations to float ones. Those of a sound model stay above it with room; a model that they break does not. */
const MIN_COSINE_INT8 = 0.97;

/** OpenVINO's names of the capabilities that make a type worth measuring. */
const CAPABILITIES: readonly { capability: string; precision: FloatPrecision }[] = [
  { capability: 'BF16', precision: 'bf16' },
  { capability: 'FP16', precision: 'f16' },
];

const floatCandidates = (capabilities: readonly string[]): FloatPrecision[] =>
  CAPABILITIES.filter(({ capability }) => capabilities.includes(capability)).map(({ precision }) => precision);

/** NPUs compute in f16 alone, and refuse to be told f32. What a virtual device computes in is not known beforehand. */
const lacksF32 = (capabilities: readonly string[]) => capabilities.includes('FP16') && !capabilities.includes('FP32');

type AskedDevice = Pick<PrecisionTrial, 'device' | 'capabilities'>;

/** Whether the choice takes a measurement, whose outcome is worth keeping. */
export function isMeasured(
  { precision, activations }: PrecisionRequest,
  { device, capabilities }: AskedDevice,
): boolean {
  if (lacksF32(capabilities)) return false;
  if (precision === 'auto') return true;
  const asked = precision === 'int8' ? activations : precision;
  // What other devices can compute in, they say truly.
  return asked === 'auto' || (asked !== 'f32' && device === 'CPU');
}

/** Without a measurement: what was asked for, unless the file holds something else. */
export async function takeAsked(request: PrecisionRequest, trial: PrecisionTrial): Promise<Chosen> {
  const asked = computationOf(request, trial.capabilities);
  const pipeline = await trial.load(asked);
  const isAuto = request.precision === 'auto' || (request.precision === 'int8' && request.activations === 'auto');
  return { pipeline, choice: settled(asked, pipeline, isAuto ? 'the device computes in no other' : 'asked for') };
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for a computation that was asked for and runs badly or not at all */
export async function measurePrecision(request: PrecisionRequest, trial: PrecisionTrial): Promise<Chosen> {
  if (request.precision === 'int8') return measureInt8(request.activations, trial);
  const reference = await trial.load(float('f32'));
  if (reference.quantization !== 'none' && request.precision === 'auto') {
    await reference.close();
    return measureInt8('auto', trial, MIN_COSINE);
  }
  if (request.precision !== 'auto') return measureAsked(float('f32'), reference, request, trial);
  const candidates = floatCandidates(trial.capabilities).map(float);
  if (candidates.length === 0) {
    return { pipeline: reference, choice: { ...float('f32'), reason: 'the device computes in no other' } };
  }
  const options = { ...trial, referenceName: 'f32', minCosine: MIN_COSINE };
  const { pipeline, computation, findings } = await runTrial(reference, float('f32'), candidates, options);
  return { pipeline, choice: { ...computation, reason: wordsOf(findings) } };
}

/** Activations beside int8 weights; the reference are those of f32. */
async function measureInt8(
  activations: PrecisionRequest['activations'],
  trial: PrecisionTrial,
  minCosine = MIN_COSINE_INT8,
): Promise<Chosen> {
  const computation = int8('f32');
  const reference = await trial.load(computation);
  if (activations !== 'auto') return measureAsked(computation, reference, { precision: 'int8', activations }, trial);
  const floats = floatCandidates(trial.capabilities);
  const quantized: Activations[] = reference.quantization === 'static' ? [] : ['int8'];
  if (quantized.length > 0 && floats.includes('bf16')) quantized.push('int8+bf16');
  // Dynamic quantisation is an option of the CPU's alone; other devices have their own ways.
  const candidates = [...(trial.device === 'CPU' ? quantized : []), ...floats].map(int8);
  if (candidates.length === 0) {
    return { pipeline: reference, choice: settled(computation, reference, 'the device computes in no other') };
  }
  const options = { ...trial, referenceName: 'float activations in f32', minCosine };
  const outcome = await runTrial(reference, computation, candidates, options);
  return {
    pipeline: outcome.pipeline,
    choice: settled(outcome.computation, outcome.pipeline, wordsOf(outcome.findings)),
  };
}

/** Whether the one that was asked for is fit to run; how exact it is, is the user's choice. */
async function measureAsked(
  computation: Computation,
  reference: NativePipeline,
  request: PrecisionRequest,
  trial: PrecisionTrial,
): Promise<Chosen> {
  const asked = computationOf(request, trial.capabilities);
  const options = { ...trial, referenceName: nameOf(computation), minCosine: -1 };
  const outcome = await runTrial(reference, computation, [asked], options);
  const [finding] = outcome.findings as [Finding];
  if (finding.error || finding.comparison?.isHopeless) {
    await outcome.pipeline.close();
    throw unfit(finding, computation, trial.deviceName);
  }
  let { pipeline } = outcome;
  if (outcome.computation !== asked) {
    await pipeline.close();
    pipeline = await trial.load(asked);
  }
  return { pipeline, choice: settled(asked, pipeline, `asked for; ${finding.words}`) };
}

function unfit({ candidate, words, error }: Finding, better: Computation, deviceName: string): OvembedError {
  const use =
    candidate.precision === 'int8'
      ? `activations: 'auto', or '${better.activations}', which runs here`
      : `precision 'auto', '${better.precision}', or 'int8' for less memory`;
  const message = `Precision ${nameOf(candidate)} is not fit for ${deviceName}: ${words.replace(/\.$/, '')}. Use ${use}.`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message, { cause: error });
}

/** What was asked for; `auto` is the widest that the device computes in. */
export function computationOf(
  { precision, activations }: PrecisionRequest,
  capabilities: readonly string[],
): Computation {
  const widest = lacksF32(capabilities) ? 'f16' : 'f32';
  if (precision === 'int8') return int8(activations === 'auto' ? widest : activations);
  return float(precision === 'auto' ? widest : precision);
}

function settled(asked: Computation, { quantization }: NativePipeline, reason: string): PrecisionChoice {
  const computation = asStored(asked, quantization);
  if (nameOf(computation) === nameOf(asked)) return { ...asked, reason };
  return { ...computation, reason: `${reason}; the model's file is quantised already` };
}

const wordsOf = (findings: readonly Finding[]) => findings.map(({ words }) => words).join('; ');
