/** Searches with the addon, beside NumPy's results (scripts/oracle/make_similarity.py) and a search of a few lines. */
import { randomFillSync } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type NativeFlatIndex, native } from '../../lib/native.js';
import { arrayOf, type Dtype, elementsPerRow, type VectorArray } from '../../lib/vectors/dtype.js';
import { FlatIndex, type FlatIndexOptions, type Metric, NO_ROW } from '../../lib/vectors/flat-index.js';
import { cosine, dot, euclidean } from '../../lib/vectors/similarity.js';
import { searchTwoStep } from '../../lib/vectors/two-step.js';
import { fixture } from './support.js';

interface NumpyCase {
  dtype: Dtype;
  queryDtype: Dtype;
  rows: string;
  queries: string;
  found: Record<Metric, { indices: number[]; scores: number[] }>;
}

const numpy = fixture<{ queries: number; dimensions: number; best: number; cases: NumpyCase[] }>(
  'vectors/similarity.json',
);

function decode(dtype: Dtype, base64: string): VectorArray {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  const { BYTES_PER_ELEMENT } = arrayOf(dtype, 0);
  const array = arrayOf(dtype, bytes.length / BYTES_PER_ELEMENT);
  new Uint8Array(array.buffer).set(bytes);
  return array;
}

async function indexOf(options: FlatIndexOptions, rows: VectorArray): Promise<FlatIndex> {
  const index = new FlatIndex(options);
  await index.add(rows);
  return index;
}

/** Rows of a large matrix of float32 from a generator that is quicker than Math.random. */
function randomFloats(count: number): Float32Array {
  const bits = randomFillSync(new Uint32Array(count));
  return Float32Array.from(bits, (value) => value / 2 ** 31 - 1);
}

describe('beside NumPy', () => {
  const cases = numpy.cases.flatMap((one) =>
    (Object.keys(one.found) as Metric[]).map((metric) => ({ ...one, metric, expected: one.found[metric] })),
  );
  test.each(cases)('$metric of $queryDtype against $dtype', async (one) => {
    const { dimensions, best, queries } = numpy;
    const { dtype, metric } = one;
    const index = await indexOf({ dimensions, dtype, metric }, decode(dtype, one.rows));
    const data = decode(one.queryDtype, one.queries);
    const { indices, scores, k } = await index.search(
      { data, dtype: one.queryDtype, dimensions, length: queries },
      { k: best },
    );
    expect(k).toBe(best);
    expect([...indices]).toEqual(one.expected.indices);
    one.expected.scores.forEach((score, i) => {
      expect(Math.abs((scores[i] as number) - score)).toBeLessThan(2e-6 * Math.max(1, Math.abs(score)));
    });
    index.close();
  });
});

describe('beside a search of a few lines', () => {
  const by = { dot, cosine, euclidean };
  /** Whole numbers: every sum is exact, so many scores are equal, and the order of those is seen. */
  const value = fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -3, max: 3 }) },
    { weight: 1, arbitrary: fc.constant(NaN) },
  );
  const problem = fc.record({
    metric: fc.constantFrom('dot' as const, 'euclidean' as const, 'cosine' as const),
    dimensions: fc.integer({ min: 1, max: 40 }),
    rows: fc.integer({ min: 0, max: 60 }),
    queries: fc.integer({ min: 1, max: 3 }),
    k: fc.integer({ min: 1, max: 70 }),
    values: fc.array(value, { minLength: 40 * 63, maxLength: 40 * 63 }),
    parts: fc.integer({ min: 1, max: 5 }),
    candidates: fc.option(fc.array(fc.nat(1_000), { maxLength: 30 }), { nil: undefined }),
  });

  test('finds the same rows in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(problem, async ({ metric, dimensions, rows, queries, k, values, parts, candidates }) => {
        const index = new FlatIndex({ dimensions, metric });
        const row = (i: number) => Float32Array.from(values.slice(i * dimensions, (i + 1) * dimensions));
        const matrix = Float32Array.from(values.slice(0, rows * dimensions));
        const step = Math.max(1, Math.ceil(rows / parts)) * dimensions;
        const adding = [];
        for (let at = 0; at < matrix.length; at += step) adding.push(index.add(matrix.subarray(at, at + step)));
        await Promise.all(adding);
        const among = candidates && rows > 0 ? Uint32Array.from(candidates, (c) => c % rows) : undefined;
        const asked = Float32Array.from(values.slice(rows * dimensions, (rows + queries) * dimensions));
        const result = await index.search(asked, { k, candidates: among });
        const looked = [...new Set(among ?? Array.from({ length: rows }, (_, i) => i))];
        expect(result.k).toBe(Math.min(k, looked.length));
        for (let q = 0; q < queries; q++) {
          // As float32, since that is what is compared.
          const scored = looked.map((i) => ({ i, score: Math.fround(by[metric](row(rows + q), row(i))) }));
          const sign = metric === 'euclidean' ? 1 : -1;
          const rank = (s: number) => (Number.isNaN(s) ? Infinity : sign * s);
          scored.sort((a, b) => rank(a.score) - rank(b.score) || a.i - b.i);
          const found = Array.from({ length: result.k }, (_, i) => ({
            i: result.indices[q * result.k + i],
            score: result.scores[q * result.k + i] as number,
          }));
          if (metric === 'cosine') {
            // The last bit may differ from a sum in double precision, and with it the order of what is nearly equal.
            for (const [i, { score }] of found.entries()) expectNear(score, scored[i]?.score as number);
          } else {
            expect(found).toEqual(scored.slice(0, result.k));
          }
        }
        index.close();
      }),
      { numRuns: 150 },
    );
  });

  function expectNear(actual: number, expected: number): void {
    if (Number.isNaN(expected)) expect(actual).toBeNaN();
    else expect(Math.abs(actual - expected)).toBeLessThan(1e-6);
  }
});

describe('a large matrix', () => {
  const dimensions = 384;
  const rows = randomFloats(40_000 * dimensions);
  const index = new FlatIndex({ dimensions });
  const row = (i: number) => rows.subarray(i * dimensions, (i + 1) * dimensions);
  afterAll(() => index.close());

  test('is added while the event loop goes on', async () => {
    const turns = await turnsDuring(() => index.add(rows));
    expect(index.length).toBe(40_000);
    expect(index.bytes).toBeGreaterThanOrEqual(rows.byteLength);
    expect(turns).toBeGreaterThan(30); // 61 MB
  });

  test('is searched while the event loop goes on', async () => {
    const turns = await turnsDuring(() => index.search(rows.subarray(0, 100 * dimensions), { k: 3 }));
    expect(turns).toBeGreaterThan(20);
  });

  test('is no smaller for rows that come during a search', async () => {
    const searching = index.search(row(17), { k: 40_001 });
    await index.add(row(0));
    expect((await searching).k).toBe(40_000);
    expect((await index.search(row(0), { k: 40_001 })).k).toBe(40_001);
  });

  test('gives what it gave, whatever else is searched', async () => {
    const alone = await index.search(row(5), { k: 100 });
    const together = await Promise.all(Array.from({ length: 8 }, () => index.search(row(5), { k: 100 })));
    for (const { indices, scores } of together) {
      expect(indices).toEqual(alone.indices);
      expect(scores).toEqual(alone.scores);
    }
  });

  test('an abort ends a search with its reason, and the next is not held up', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const many = index.search(rows.subarray(0, 2_000 * dimensions), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 5);
    await expect(many).rejects.toBe(reason);
    await expect(index.search(row(1), { signal: controller.signal })).rejects.toBe(reason);
    expect((await index.search(row(1), { k: 1 })).k).toBe(1);
  });

  test('a search that is under way when the index is closed ends well', async () => {
    const closing = await indexOf({ dimensions }, rows.subarray(0, 20_000 * dimensions));
    const searching = closing.search(rows.subarray(0, 20 * dimensions), { k: 1 });
    closing.close();
    closing.close();
    expect([...(await searching).indices]).toHaveLength(20);
    expect(closing.bytes).toBe(0);
    await expect(closing.search(row(0))).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(closing.add(row(0))).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('a search needs no one to hold its index', async () => {
    const search = await (async () =>
      (await indexOf({ dimensions }, rows)).search(rows.subarray(0, 30 * dimensions)))();
    expect(search.k).toBe(10);
    const searching = (await indexOf({ dimensions }, rows)).search(rows.subarray(0, 50 * dimensions), { k: 2 });
    for (let i = 0; i < 5; i++) {
      global.gc?.();
      await nextTurn();
    }
    expect((await searching).k).toBe(2);
  });

  test('one long list of candidates for many queries holds up nobody', async () => {
    const wide = await indexOf({ dimensions: 8 }, randomFloats(100_000 * 8));
    const candidates = Uint32Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_000);
    const queries = randomFloats(200 * 8);
    const all = await wide.search(queries, { k: 3 });
    const start = performance.now();
    const searching = wide.search(queries, { k: 3, candidates });
    // 1,600 ms when each query had a list of its own, sorted here.
    expect(performance.now() - start).toBeLessThan(200);
    expect(await searching).toEqual(all);
    wide.close();
  });

  async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
    let turns = 0;
    let done = false;
    const working = work().finally(() => {
      done = true;
    });
    while (!done) {
      await nextTurn();
      turns++;
    }
    await working;
    return turns;
  }
});

describe('cosines', () => {
  test('of very long and very short rows', async () => {
    const index = await indexOf({ dimensions: 2, metric: 'cosine' }, Float32Array.of(1e20, 1e20, 1e-25, 1e-25, 1, 0));
    for (const size of [1, 1e20, 1e-25]) {
      const { scores } = await index.search(Float32Array.of(size, size));
      for (const [i, score] of [1, 1, Math.SQRT1_2].entries()) expect(scores[i]).toBeCloseTo(score, 6);
    }
  });
});

describe('adding', () => {
  test('nothing is seen of what could not be added', async () => {
    const dimensions = 1_000;
    const index = await indexOf({ dimensions }, new Float32Array(dimensions));
    const rows = new Float32Array(2_000 * dimensions);
    const adding = index.add(rows);
    structuredClone(rows.buffer, { transfer: [rows.buffer] });
    await expect(adding).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(index.length).toBe(1);
    await index.add(Float32Array.from({ length: dimensions }, () => 2));
    const { indices, scores } = await index.search(
      Float32Array.from({ length: dimensions }, () => 1),
      { k: 9 },
    );
    expect([...indices]).toEqual([1, 0]);
    expect([...scores]).toEqual([2_000, 0]);
  });

  test('the garbage collector knows how much an index takes that nobody holds', async () => {
    const vectors = new Float32Array(4_000_000);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 64; i++) await indexOf({ dimensions: 1_000 }, vectors);
    expect(process.memoryUsage.rss() - before).toBeLessThan(600e6); // of 1,024
  });
});

describe('two steps', () => {
  const dimensions = 64;
  const count = 2_000;
  const vectors = randomFloats(count * dimensions);

  test('find in bits and rescore in float32', async () => {
    const bits = new Uint8Array((count * dimensions) / 8);
    vectors.forEach((x, i) => {
      if (x > 0) bits[i >> 3] = (bits[i >> 3] as number) | (0x80 >> (i & 7));
    });
    const first = await indexOf({ dimensions, dtype: 'ubinary' }, bits);
    const second = await indexOf({ dimensions }, vectors);
    const queries = vectors.subarray(0, 3 * dimensions);
    const exact = await second.search(queries, { k: 1 });
    const found = await searchTwoStep(first, second, queries, { k: 1, rescoreMultiplier: 5 });
    expect(found).toEqual(exact);
    // So many candidates that there is nothing left out.
    expect(await searchTwoStep(first, second, queries, { k: 20, rescoreMultiplier: count })).toEqual(
      await second.search(queries, { k: 20 }),
    );
    await second.add(queries);
    await expect(searchTwoStep(first, second, queries)).rejects.toThrow('2000 rows and one of 2003');
  });

  test('as many hits as there are, however many are wanted', async () => {
    const [first, second] = [await indexOf({ dimensions }, vectors), await indexOf({ dimensions }, vectors)];
    const found = await searchTwoStep(first, second, vectors.slice(0, dimensions), { k: Number.MAX_SAFE_INTEGER });
    expect(found.k).toBe(count);
  });

  test('see queries as they were when the search began', async () => {
    const [first, second] = [await indexOf({ dimensions }, vectors), await indexOf({ dimensions }, vectors)];
    const data = vectors.slice(0, dimensions);
    const expected = await second.search(data, { k: 3 });
    const searching = searchTwoStep(first, second, { data, length: 1, dimensions, dtype: 'float32' }, { k: 3 });
    data.fill(0);
    expect(await searching).toEqual(expected);
  });

  test('find nothing in nothing', async () => {
    const [first, second] = [new FlatIndex({ dimensions, dtype: 'binary' }), new FlatIndex({ dimensions })];
    expect(await searchTwoStep(first, second, new Float32Array(2 * dimensions))).toMatchObject({ k: 0 });
  });
});

describe('what is refused', () => {
  const index = new FlatIndex({ dimensions: 3, dtype: 'int8' });
  const withRanges = (min: number[], max: number[]) =>
    new FlatIndex({
      ...{ dimensions: 1, dtype: 'int8' },
      ranges: { min: Float32Array.from(min), max: Float32Array.from(max) },
    });

  test.each([
    ['no options', () => new FlatIndex(undefined as never), /an object/],
    ['no dimensions', () => new FlatIndex({} as never), /dimensions/],
    ['an unknown option', () => new FlatIndex({ dimensions: 1, metrics: 'dot' } as never), /Did you mean metric/],
    ['a metric for others', () => new FlatIndex({ dimensions: 1, metric: 'hamming' }), /Hamming/],
    [
      'ranges of floats',
      () => new FlatIndex({ dimensions: 1, ranges: { min: Float32Array.of(0), max: Float32Array.of(1) } }),
      /int8/,
    ],
    [
      'ranges too short',
      () =>
        new FlatIndex({ dimensions: 2, dtype: 'int8', ranges: { min: Float32Array.of(0), max: Float32Array.of(1) } }),
      /2 values/,
    ],
    ['too many dimensions', () => new FlatIndex({ dimensions: 2 ** 33 }), /1 to 4294967295/],
    ['ranges without end', () => withRanges([0], [Infinity]), /both finite/],
    ['ranges of NaN', () => withRanges([NaN], [1]), /both finite/],
    ['ranges upside down', () => withRanges([1], [0]), /at most max/],
    ['ranges that are none', () => new FlatIndex({ dimensions: 1, dtype: 'int8', ranges: [] as never }), /min, max/],
  ])('an index of %s', (_, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  test.each([
    ['another dtype', () => index.add(new Float32Array(3)), /Int8Array of int8/],
    ['half a vector', () => index.add(new Int8Array(4)), /1 × 3 elements/],
    [
      'another width',
      () => index.add({ data: new Int8Array(4), dtype: 'int8', dimensions: 4, length: 1 }),
      /3 dimensions/,
    ],
    [
      'a false length',
      () => index.add({ data: new Int8Array(3), dtype: 'int8', dimensions: 3, length: 2 }),
      /2 × 3 elements/,
    ],
    [
      'a false array',
      () => index.add({ data: new Uint8Array(3), dtype: 'int8', dimensions: 3, length: 1 } as never),
      /Int8Array/,
    ],
    ['nothing', () => index.add(undefined as never), /vectors/],
    ['a query of another type', () => index.search(new Uint8Array(3)), /Int8Array of int8 or a Float32Array/],
    ['a k of 0', () => index.search(new Int8Array(3), { k: 0 }), /k/],
    ['candidates that are none', () => index.search(new Int8Array(3), { candidates: [1] as never }), /Uint32Array/],
    ['candidates of others', () => index.search(new Int8Array(3), { candidates: [] }), /for 1 queries/],
    ['a candidate that is no row', () => index.search(new Int8Array(3), { candidates: Uint32Array.of(0) }), /no row/],
    ['a signal that is none', () => index.search(new Int8Array(3), { signal: {} as never }), /AbortSignal/],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
  });

  test('fewer candidates than others leave places empty', async () => {
    const few = await indexOf({ dimensions: 1 }, Float32Array.of(1, 2, 3));
    const { k, indices, scores } = await few.search(Float32Array.of(1, 1), {
      candidates: [Uint32Array.of(0, 2), new Uint32Array(0)],
    });
    expect({ k, indices: [...indices], scores: [...scores] }).toEqual({
      k: 2,
      indices: [2, 0, NO_ROW, NO_ROW],
      scores: [3, 1, NaN, NaN],
    });
  });

  test('no query has no hits', async () => {
    const few = await indexOf({ dimensions: 1 }, Float32Array.of(1));
    expect((await few.search(new Float32Array(0))).indices).toHaveLength(0);
  });
});

describe('the seam takes anything', () => {
  /** What a caller could hand over, right and wrong. */
  const anything = fc.oneof(
    fc.anything(),
    fc.integer(),
    fc.constantFrom('float32', 'int8', 'ubinary', 'dot', 'hamming', NaN, -1, 2 ** 32, 2 ** 53),
    fc.constantFrom(...(['float32', 'float16', 'int8', 'uint8'] as const).map((dtype) => arrayOf(dtype, 4))),
    fc.constantFrom(new Uint32Array(2), new BigInt64Array(2), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8)),
    fc.constant(new Float32Array(new SharedArrayBuffer(16))),
  );
  const options = fc.oneof(
    anything,
    fc.record(
      {
        dtype: anything,
        metric: anything,
        dimensions: anything,
        ranges: anything,
        k: anything,
        candidates: anything,
        job: anything,
      },
      { requiredKeys: [] },
    ),
    fc.record({
      dtype: fc.constantFrom('float32', 'int8', 'ubinary'),
      k: fc.nat(3),
      candidates: fc.array(anything, { maxLength: 2 }),
    }),
  );

  test('and throws or works, but never ends the process', async () => {
    const make = (): NativeFlatIndex => native().createFlatIndex({ dimensions: 2, dtype: 'float32', metric: 'cosine' });
    const METHODS = ['write', 'publish', 'search', 'cancel'] as const;
    let index = make();
    const searches: Promise<unknown>[] = [];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...METHODS), anything, options, anything, async (method, a, b, create) => {
        try {
          const result: unknown = (index[method] as (...args: unknown[]) => unknown)(a, b);
          if (result instanceof Promise) searches.push(result.catch(() => {}));
        } catch {}
        try {
          native().createFlatIndex((create ?? b) as never);
        } catch {}
        if (index.length > 1_000) index = make();
      }),
      { numRuns: 2_000 },
    );
    await Promise.all(searches);
    expect(() => Reflect.apply(index.search, {}, [])).toThrow();
    expect(() => Reflect.construct(index.constructor, [{}])).toThrow('is made by loading, not by new');
  });
});

test('elements per row are those of the addon', () => {
  for (const dtype of ['binary', 'ubinary'] as const) {
    const index = native().createFlatIndex({ dimensions: 9, dtype, metric: 'hamming' });
    expect(() => index.write(0, arrayOf(dtype, elementsPerRow(dtype, 9)))).not.toThrow();
    expect(() => index.write(0, arrayOf(dtype, 1))).toThrow('2 elements each');
  }
});
