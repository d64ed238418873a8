/**
 * Deterministic weights without a library, the same on every machine: a 32-bit xorshift generator (shifts 13, 17, 5)
 * seeded with the FNV-1a hash of a name, so that a tensor depends on its name alone and not on the order of making.
 */

/** @returns {() => number} integers, uniform over 1 … 2³² − 1 */
export function xorshift32(name) {
  let state = fnv1a(name) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * `count` numbers uniform in (−scale, scale), each an integer of `bits` bits times a power of two: exact in any
 * floating-point type with a significand of at least `bits` bits, if `scale` is a power of two.
 */
export function uniform(name, count, scale, bits) {
  const next = xorshift32(name);
  const step = scale / 2 ** bits;
  return Array.from({ length: count }, () => {
    const sample = next();
    const magnitude = (sample >>> (31 - bits)) & (2 ** bits - 1);
    return (sample & 1 ? -magnitude : magnitude) * step;
  });
}

function fnv1a(text) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
