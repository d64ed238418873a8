/**
 * Writes the safetensors format (https://github.com/huggingface/safetensors#format): a 64-bit header length, a JSON
 * header padded with spaces to 8 bytes, then the tensors' bytes, little-endian and without gaps.
 */

/** Encoders from numbers to little-endian bytes. f16 and bf16 take only values that they represent exactly. */
const ENCODERS = {
  F32: (values) => Buffer.from(new Float32Array(values).buffer),
  F16: (values) => Buffer.from(Uint16Array.from(values, exactHalf).buffer),
  BF16: (values) => Buffer.from(Uint16Array.from(values, exactBfloat16).buffer),
  I64: (values) => Buffer.from(BigInt64Array.from(values, BigInt).buffer),
};

/**
 * The bytes of a safetensors file.
 * @param {{ name: string, dtype: keyof typeof ENCODERS, shape: number[], values: number[] }[]} tensors
 * @param {Record<string, string>} metadata
 * @returns {Buffer}
 */
export function encodeSafetensors(tensors, metadata = { format: 'pt' }) {
  const header = { __metadata__: metadata };
  const blocks = [];
  let offset = 0;
  for (const { name, dtype, shape, values } of tensors) {
    const block = ENCODERS[dtype](values);
    header[name] = { dtype, shape, data_offsets: [offset, offset + block.length] };
    blocks.push(block);
    offset += block.length;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...blocks]);
}

const scratch = new DataView(new ArrayBuffer(4));

function floatBits(value) {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

function exactBfloat16(value) {
  const bits = floatBits(value);
  if (bits & 0xffff) throw new RangeError(`${value} is not a bfloat16`);
  return bits >>> 16;
}

/** Zero and normal numbers only: the weights made here are never as small as a subnormal half. */
function exactHalf(value) {
  if (value === 0) return 0;
  const bits = floatBits(value);
  const exponent = ((bits >>> 23) & 0xff) - 127;
  if (bits & 0x1fff || exponent < -14 || exponent > 15) throw new RangeError(`${value} is not a normal float16`);
  return ((bits >>> 16) & 0x8000) | ((exponent + 15) << 10) | ((bits >>> 13) & 0x3ff);
}
