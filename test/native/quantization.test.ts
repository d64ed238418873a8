/** Conversions of vectors beside NumPy, PyTorch and sentence-transformers (scripts/oracle/make_quantized.py). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { native } from '../../lib/native.js';
import { arrayOf, DTYPES, type Dtype, elementsPerRow } from '../../lib/vectors/dtype.js';
import { dequantize, quantize, Ranges } from '../../lib/vectors/index.js';
import { plainConversion } from '../unit/plain-conversion.js';
import { fixture } from './support.js';

interface Case {
  dimensions: number;
  vectors: string;
  calibration: string;
  expected: Record<Exclude<Dtype, 'float32'>, string>;
}

const CASES = fixture<Case[]>('quantization/cases.json');
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const floatsOf = (base64: string) => new Float32Array(bytesOf(base64).buffer);

/** NaN has many bits; these are one. */
function withoutNaN(dtype: Dtype, bits: ArrayLike<number>): number[] {
  const infinity = dtype === 'float16' ? 0x7c00 : dtype === 'bfloat16' ? 0x7f80 : Infinity;
  return Array.from(bits, (element) => ((element & 0x7fff) > infinity ? Number.NaN : element));
}

describe.each(CASES)('$dimensions dimensions', ({ dimensions, vectors, calibration, expected }) => {
  test.each(Object.keys(expected) as (keyof Case['expected'])[])('%s', async (dtype) => {
    const ranges = await Ranges.of(floatsOf(calibration), { dimensions });
    const { data } = await quantize(floatsOf(vectors), dtype, { dimensions, ranges });
    const theirs = arrayOf(dtype, data.length);
    new Uint8Array(theirs.buffer).set(bytesOf(expected[dtype]));
    expect(withoutNaN(dtype, data)).toEqual(withoutNaN(dtype, theirs));
  });
});

const aMatrix = fc.integer({ min: 1, max: 40 }).chain((dimensions) =>
  fc.record({
    dimensions: fc.constant(dimensions),
    data: fc
      .array(fc.oneof(fc.float({ min: -2, max: 2 }), fc.float()), { minLength: dimensions, maxLength: 6 * dimensions })
      .map((list) => Float32Array.from(list.slice(0, list.length - (list.length % dimensions)))),
  }),
);

describe.each(DTYPES)('%s', (dtype) => {
  test('is what plain loops make of any values, both ways', () => {
    fc.assert(
      fc.property(aMatrix, ({ dimensions, data }) => {
        const ranges = Float32Array.from({ length: 2 * dimensions }, (_, i) => (i < dimensions ? -1 : 1 + (i % 3)));
        const conversion = { dtype, dimensions, ranges };
        const [ours, plain] = [0, 1].map(() =>
          arrayOf(dtype, (data.length / dimensions) * elementsPerRow(dtype, dimensions)),
        );
        native().quantizeVectors(data, ours as never, conversion);
        plainConversion.quantizeVectors(data, plain as never, conversion);
        expect(withoutNaN(dtype, ours as never)).toEqual(withoutNaN(dtype, plain as never));
        const [back, plainBack] = [new Float32Array(data.length), new Float32Array(data.length)];
        native().dequantizeVectors(ours as never, back, conversion);
        plainConversion.dequantizeVectors(ours as never, plainBack, conversion);
        expect(back).toEqual(plainBack);
      }),
    );
  });

  test('is converted in slices', async () => {
    const dimensions = 384;
    const data = Float32Array.from({ length: 9_000 * dimensions }, (_, i) => Math.sin(i));
    const ranges = Ranges.from({
      min: new Float32Array(dimensions).fill(-1),
      max: new Float32Array(dimensions).fill(1),
    });
    const sliced = await quantize(data, dtype, { dimensions, ranges });
    const whole = arrayOf(dtype, sliced.data.length);
    native().quantizeVectors(data, whole, { dtype, dimensions, ranges: ranges.values });
    expect(Buffer.compare(Buffer.from(sliced.data.buffer), Buffer.from(whole.buffer))).toBe(0);
    const back = await dequantize(sliced, { ranges });
    const most = { float32: 0, float16: 2 ** -11, bfloat16: 2 ** -8, int8: 1.001 / 255, uint8: 1.001 / 255 };
    const limit = dtype in most ? most[dtype as keyof typeof most] : 1;
    expect(data.every((value, i) => Math.abs(value - (back.data[i] as number)) <= limit)).toBe(true);
  });
});

describe('arguments that do not fit', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['a dtype that is none', () => quantize(new Float32Array(4), 'int4' as never, { dimensions: 2 })],
    ['no width', () => quantize(new Float32Array(4), 'float16')],
    ['half a vector', () => quantize(new Float32Array(5), 'float16', { dimensions: 2 })],
    ['options that are none', () => quantize(new Float32Array(4), 'int8', null as never)],
    ['no ranges', () => quantize(new Float32Array(4), 'int8', { dimensions: 2 })],
    [
      'ranges of another width',
      () => quantize(new Float32Array(4), 'int8', { dimensions: 2, ranges: Ranges.from({ min: [0], max: [1] }) }),
    ],
    [
      'vectors that are not float32',
      () => quantize({ data: new Int8Array(4), length: 2, dimensions: 2, dtype: 'int8' } as never, 'binary'),
    ],
    [
      'another array than the dtype has',
      () => dequantize({ data: new Int8Array(4), length: 2, dimensions: 2, dtype: 'float16' } as never),
    ],
    [
      'another size than is stated',
      () => dequantize({ data: new Int8Array(4), length: 3, dimensions: 9, dtype: 'binary' }),
    ],
    ['no vectors', () => dequantize(undefined as never)],
  ])('%s', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  test('make the addon throw, whatever they are', () => {
    const detached = new Float32Array(8);
    structuredClone(detached, { transfer: [detached.buffer] });
    const evil = {
      get dtype() {
        throw new Error('evil');
      },
    };
    const anything = fc.oneof(
      fc.anything(),
      fc.constantFrom<unknown>(
        detached,
        new Float32Array(8),
        new Uint16Array(8),
        new Int8Array(8),
        new Uint8Array(1),
        evil,
      ),
      fc.constantFrom<unknown>(new Float64Array(8), new DataView(new ArrayBuffer(8)), new BigInt64Array(2)),
      fc.record({
        dtype: fc.oneof(fc.constantFrom(...DTYPES), fc.anything()),
        dimensions: fc.oneof(fc.constantFrom(0, 1, 2, 4, 8, -1, 2 ** 31, 2 ** 32 - 1, 1.5), fc.anything()),
        ranges: fc.oneof(fc.constantFrom<unknown>(detached, new Float32Array(8), new Float32Array(2)), fc.anything()),
      }),
    );
    const calls = fc.tuple(
      fc.constantFrom('quantizeVectors', 'dequantizeVectors'),
      fc.array(anything, { maxLength: 4 }),
    );
    fc.assert(
      fc.property(calls, ([name, args]) => {
        try {
          (native() as never as Record<string, (...args: unknown[]) => void>)[name]?.(...args);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
