/** The addon's means of vectors, written as plainly as possible. */
import type { NativeAddon } from '../../lib/native.js';

export const plainPooling: Pick<NativeAddon, 'poolVectors'> = {
  poolVectors(vectors, target, { dimensions, starts, lengths, weights, normalize }) {
    starts.forEach((start, run) => {
      const sums = new Float64Array(dimensions);
      let total = 0;
      for (let row = start; row < start + (lengths[run] as number); row++) {
        const weight = weights ? (weights[row] as number) : 1;
        for (const [d, sum] of sums.entries()) sums[d] = sum + weight * (vectors[row * dimensions + d] as number);
        total += weight;
      }
      const mean = Float32Array.from(sums, (sum) => (total === 0 ? 0 : sum / total));
      const norm = Math.max(Math.sqrt(mean.reduce((sum, value) => sum + value * value, 0)), 1e-12);
      target.set(normalize ? mean.map((value) => value * (1 / norm)) : mean, run * dimensions);
    });
  },
};
