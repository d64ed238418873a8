/** The addon's conversions of vectors, written as plainly as possible. */
import type { NativeAddon, VectorConversion } from '../../lib/native.js';
import type { VectorArray } from '../../lib/vectors/dtype.js';

const LARGEST_FLOAT16 = 65_504;

export const plainConversion: Pick<NativeAddon, 'quantizeVectors' | 'dequantizeVectors'> = {
  quantizeVectors(vectors, target, conversion) {
    if (vectors.length % conversion.dimensions !== 0) throw new TypeError('no whole number of vectors');
    target.fill(0);
    for (const [i, value] of vectors.entries()) quantizeValue(value, i, target, conversion);
  },
  dequantizeVectors(vectors, target, conversion) {
    target.forEach((_, i) => {
      target[i] = numberAt(vectors, i, conversion);
    });
  },
};

function quantizeValue(value: number, i: number, target: VectorArray, conversion: VectorConversion): void {
  const { dtype, dimensions } = conversion;
  const d = i % dimensions;
  if (dtype === 'float32') target[i] = value;
  else if (dtype === 'bfloat16') target[i] = bfloat16Bits(value);
  else if (dtype === 'float16') target[i] = float16Bits(value);
  else if (dtype === 'int8') target[i] = stepOf(value, d, conversion) - 128;
  else if (dtype === 'uint8') target[i] = stepOf(value, d, conversion);
  else {
    const width = Math.ceil(dimensions / 8);
    const at = Math.floor(i / dimensions) * width + (d >> 3);
    const empty = dtype === 'binary' && d % 8 === 0 ? -128 : (target[at] as number);
    target[at] = empty + (value > 0 ? 1 << (7 - (d % 8)) : 0);
  }
}

function numberAt(vectors: VectorArray, i: number, conversion: VectorConversion): number {
  const { dtype, dimensions } = conversion;
  const d = i % dimensions;
  if (dtype === 'binary' || dtype === 'ubinary') {
    const byte = vectors[Math.floor(i / dimensions) * Math.ceil(dimensions / 8) + (d >> 3)] as number;
    const bits = dtype === 'binary' ? byte + 128 : byte;
    return (bits >> (7 - (d % 8))) & 1 ? 1 : -1;
  }
  const element = vectors[i] as number;
  if (dtype === 'float32') return element;
  if (dtype === 'bfloat16') return floatOf(element << 16);
  if (dtype === 'float16') return float16Value(element);
  const { start, width } = endsOf(d, conversion);
  const step = dtype === 'int8' ? element + 128 : element;
  return Math.fround(start + Math.fround((step + 0.5) * width));
}

function endsOf(d: number, { ranges, dimensions }: VectorConversion): { start: number; width: number } {
  if (ranges?.length !== 2 * dimensions) throw new TypeError('no ranges');
  const start = ranges[d] as number;
  return { start, width: Math.fround(Math.fround((ranges[dimensions + d] as number) - start) / 255) };
}

function stepOf(value: number, d: number, conversion: VectorConversion): number {
  const { start, width } = endsOf(d, conversion);
  const step = Math.floor(Math.fround(Math.fround(value - start) / (width || 1)));
  return Math.min(Math.max(step || 0, 0), 255);
}

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] as number;
}

function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
}

function bfloat16Bits(value: number): number {
  const bits = bitsOf(value);
  return Number.isNaN(value) ? 0x7fc0 : ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function float16Value(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 0x3ff];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** By the spacing of float16 around the value. */
function float16Bits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size === Infinity) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(size || 2 ** -14)), -14);
  const rounded = toEven(size * 2 ** (10 - exponent)) * 2 ** (exponent - 10);
  if (rounded > LARGEST_FLOAT16) return sign | 0x7c00;
  if (rounded < 2 ** -14) return sign | (rounded * 2 ** 24);
  const power = Math.floor(Math.log2(rounded));
  return sign | ((power + 15) << 10) | (rounded * 2 ** (10 - power) - 1024);
}

function toEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
