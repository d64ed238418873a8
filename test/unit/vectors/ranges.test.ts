/** Ranges: found, kept in a file, and refused for other vectors. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Ranges } from '../../../lib/vectors/ranges.js';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-ranges-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'ranges.json');

const origin = { fingerprint: 'f'.repeat(64), normalize: true };
const some = () => Ranges.from({ min: [-1, 0.1], max: [2, 0.1] }, origin);

describe('ranges', () => {
  test('are the lowest and the highest value of each dimension', async () => {
    const values = fc.array(
      fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
      { minLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(values, async (list) => {
        const data = Float32Array.from(list.slice(0, list.length - (list.length % 3)));
        const { min, max, dimensions } = await Ranges.of(data, { dimensions: 3 });
        const columns = [0, 1, 2].map((d) => [...data].filter((_, i) => i % 3 === d));
        expect([dimensions, ...min]).toEqual([3, ...columns.map((column) => Math.min(...column))]);
        expect([...max]).toEqual(columns.map((column) => Math.max(...column)));
      }),
    );
  });

  test('are found in slices', async () => {
    const data = new Float32Array(3 * 2 ** 20 + 6);
    data[2 ** 20 + 1] = 5;
    data[data.length - 1] = -4;
    const { min, max } = await Ranges.of(data, { dimensions: 2 });
    expect([...min, ...max]).toEqual([0, -4, 0, 5]);
  });

  test.each<[string, Float32Array]>([
    ['no vectors', new Float32Array(0)],
    ['one vector', new Float32Array(2)],
    ['half a vector', new Float32Array(3)],
    ['NaN', Float32Array.of(0, 1, Number.NaN, 2)],
    ['an infinity', Float32Array.of(0, 1, 2, -Infinity)],
  ])('are not found over %s', async (_, data) => {
    await expect(Ranges.of(data, { dimensions: 2 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  test.each<[string, number[], number[]]>([
    ['nothing', [], []],
    ['lists of two lengths', [0], [1, 2]],
    ['a min above its max', [0, 2], [1, 1]],
    ['NaN', [0, Number.NaN], [1, 1]],
    ['infinities', [-Infinity], [Infinity]],
    ['a distance that is none in float32', [-3e38], [3e38]],
  ])('are not made of %s', (_, min, max) => {
    expect(() => Ranges.from({ min, max })).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });

  test.each<[string, unknown]>([
    ['nothing at all', null],
    ['one end', { min: [1] }],
    ['the other', { max: [1] }],
    ['a number', { min: 1, max: [1] }],
    ['BigInts', { min: [0], max: BigInt64Array.of(1n) }],
  ])('are not made of %s', (_, ends) => {
    expect(() => Ranges.from(ends as never)).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });

  test('options that are none', async () => {
    expect(() => Ranges.from({ min: [0], max: [1] }, null as never)).toThrow('Ranges.from');
    await expect(Ranges.of(new Float32Array(4), null as never)).rejects.toThrow('Ranges.of');
  });

  test('come back from a file with the same bits', async () => {
    await some().save(file);
    const loaded = await Ranges.load(file);
    expect(loaded).toEqual(some());
    expect(loaded.digest).toBe(some().digest);
    expect(readdirSync(folder)).toEqual(['ranges.json']);
  });

  test.each<[string, object | string]>([
    ['another format', { format: 'other' }],
    ['another version', { version: 2 }],
    ['too few values', { min: [1] }],
    ['values that are none', { max: [1, '2'] }],
    ['no fingerprint', { fingerprint: 7 }],
    ['half a file', '{"format":"ovembed-ranges","ver'],
    ['a list', '[]'],
  ])('are not read from a file of %s', async (_, change) => {
    await some().save(file);
    const content = { ...JSON.parse(readFileSync(file, 'utf8')), ...(typeof change === 'object' ? change : {}) };
    writeFileSync(file, typeof change === 'string' ? change : JSON.stringify(content));
    await expect(Ranges.load(file)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(file),
    });
  });

  test('are refused for another model, width or norm, with both named', () => {
    const use = { ...origin, dimensions: 2 };
    expect(() => some().checkUse(use)).not.toThrow();
    expect(() => some().checkUse({ ...use, fingerprint: 'eee' })).toThrow(/f{64}.* eee/);
    expect(() => some().checkUse({ ...use, dimensions: 3 })).toThrow(/2 dimensions.* 3/);
    expect(() => some().checkUse({ ...use, normalize: false })).toThrow(/true.*false/);
    const foreign = Ranges.from({ min: [0, 0], max: [1, 1] });
    expect(() => foreign.checkUse({ dimensions: 2, normalize: false })).not.toThrow();
    expect(() => foreign.checkUse(use)).toThrow(/no known model/);
  });
});
