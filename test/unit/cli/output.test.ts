import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NpyWriter } from '../../../lib/cli/output/npy.js';
import type { PatchableTarget } from '../../../lib/cli/output/targets.js';
import { npyHeader } from '../../../lib/vectors/files/npy.js';
import { shortDecimal } from '../../../lib/vectors/short-decimal.js';

const record = { text: '', openObject: '', fields: {}, place: '', end: 0 };

/** A file in memory that is looked at after every write, as if the process had been killed there. */
class WatchedFile implements PatchableTarget {
  content = Buffer.alloc(0);
  readonly announced: number[] = [];

  async append(bytes: Uint8Array): Promise<void> {
    this.content = Buffer.concat([this.content, bytes]);
    this.#look();
  }

  async patchStart(bytes: Uint8Array): Promise<void> {
    this.content.set(bytes);
    this.#look();
  }

  async close(): Promise<void> {}

  #look(): void {
    const rows = Number(/'shape': \((\d+), 256\)/.exec(this.content.toString('latin1'))?.[1]);
    expect(this.content.length - 128).toBeGreaterThanOrEqual(rows * 256 * 4);
    this.announced.push(rows);
  }
}

describe('.npy', () => {
  test('announces no row that is not there yet, and all of them in the end', async () => {
    const file = new WatchedFile();
    const writer = await NpyWriter.start(file, { dtype: 'float32', dimensions: 256 });
    for (let i = 0; i < 200; i++) await writer.write(record, new Float32Array(256).fill(i));
    await writer.finish();
    expect(file.announced).toEqual([0, 0, 64, 64, 128, 128, 192, 192, 200]);
    expect(file.content.readFloatLE(128 + 4 * 256 * 199)).toBe(199);
  });

  test('has a header of one size, however many rows there are', () => {
    for (const rows of [0, 1, 1e6, Number.MAX_SAFE_INTEGER]) {
      expect(npyHeader({ dtype: 'float32', dimensions: 1_000_000, length: rows })).toHaveLength(128);
      const header = npyHeader({ dtype: 'float32', dimensions: 4, length: rows }).toString('latin1');
      expect(header.startsWith("\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', ")).toBe(true);
      expect(header).toMatch(new RegExp(`'shape': \\(${rows}, 4\\), } *\\n$`));
    }
  });
});

describe('shortDecimal', () => {
  test('is the same float32 when read back', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(JSON.parse(JSON.stringify(shortDecimal(value))))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  test('has at most nine digits where a vector of length 1 has its values', () => {
    const values = Float32Array.from({ length: 1_000 }, (_, i) => Math.sin(i) / 16);
    for (const value of values)
      expect(String(shortDecimal(value)).replace(/^-?0\.0*/, '').length).toBeLessThanOrEqual(9);
  });
});
