/** What a model is computed in: the element types of its weights and of its activations. */
import type { FloatPrecision, PipelineOptions, Precision, StoredQuantization } from '../native.js';

/**
 * Element type of the activations. Without int8 weights it is the precision itself. Beside them: a float type that weights
 * are widened to where they are used; or `int8`, where activations before products of weights are quantised too, each
 * token by itself, and all else is f32 (`int8`) or bf16 (`int8+bf16`); or `int8-static`, with ranges that were calibrated and
 * are in the model's file, and all else in f32 or in another type.
 */
export type Activations = AskedActivations | 'int8-static' | 'int8-static+bf16' | 'int8-static+f16';

/** Those that may be asked for: what is static is so by the model's file. */
export type AskedActivations = FloatPrecision | 'int8' | 'int8+bf16';

/** Vectors of one model may be compared bit by bit where both are equal (and the machine is). */
export interface Computation {
  precision: Precision;
  activations: Activations;
}

/** Which device computed, and in what. */
export interface RanOn extends Computation {
  /** As OpenVINO names it. */
  device: string;
}

export const FLOAT_PRECISIONS: readonly FloatPrecision[] = ['f32', 'bf16', 'f16'];
export const ASKED_ACTIVATIONS: readonly AskedActivations[] = [...FLOAT_PRECISIONS, 'int8', 'int8+bf16'];
const ACTIVATIONS: readonly Activations[] = [
  ...ASKED_ACTIVATIONS,
  'int8-static',
  'int8-static+bf16',
  'int8-static+f16',
];

export function isComputation(value: unknown): value is Computation {
  const { precision, activations } = (value ?? {}) as Partial<Computation>;
  if (precision === 'int8') return ACTIVATIONS.includes(activations as Activations);
  return FLOAT_PRECISIONS.includes(precision as FloatPrecision) && activations === precision;
}

/** The option that gives these activations: of a calibrated model, the type of all that is not quantised. */
export function askedFor(activations: Activations): AskedActivations {
  const rest = activations.split('+')[1] as FloatPrecision | undefined;
  return ASKED_ACTIVATIONS.find((type) => type === activations) ?? rest ?? 'f32';
}

/** Floating point throughout. */
export const float = (precision: FloatPrecision): Computation => ({ precision, activations: precision });

/** Weights in int8. */
export const int8 = (activations: Activations): Computation => ({ precision: 'int8', activations });

/** `bf16`, or `int8 (activations int8)`; also what names a computation in keys. */
export function nameOf({ precision, activations }: Computation): string {
  return precision === 'int8' ? `int8 (activations ${activations})` : precision;
}

/** What the addon is told to do. */
export function nativeComputation({
  precision,
  activations,
}: Computation): Pick<PipelineOptions, 'precision' | 'int8Weights' | 'int8Activations'> {
  const [first, rest = 'f32'] = activations.split('+') as [string, FloatPrecision?];
  return {
    precision: FLOAT_PRECISIONS.find((type) => type === first) ?? rest,
    int8Weights: precision === 'int8',
    int8Activations: first === 'int8',
  };
}

/** What a computation turns out to be with a file that holds quantised weights, or ranges of activations, already. */
export function asStored(asked: Computation, stored: StoredQuantization): Computation {
  if (stored === 'none') return asked;
  if (stored === 'weights') return int8(asked.activations);
  const { precision } = nativeComputation(asked);
  return int8(precision === 'f32' ? 'int8-static' : `int8-static+${precision}`);
}
