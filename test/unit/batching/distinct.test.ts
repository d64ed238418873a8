/** Equal inputs of a list, and loops that let go of the event loop. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distinctOf, duplicatesOf, inSlices } from '../../../lib/batching/distinct.js';
import type { ModelInput } from '../../../lib/input.js';

const { signal } = new AbortController();

test('a list of inputs that all differ is left alone', async () => {
  const ids = Uint32Array.of(97);
  const long = 'x'.repeat(20_000);
  const inputs = ['a', 'A', 'a ', '', 'ä', 'a\u0308', ids, Uint32Array.of(97, 0), `${long}a`, `${long}b`];
  expect(await distinctOf(inputs, signal)).toBe(undefined);
  expect(await distinctOf(['a'], signal)).toBe(undefined);
  expect(await distinctOf([], signal)).toBe(undefined);
});

test('the first of each is kept in order, and every input knows it', async () => {
  const anInput: fc.Arbitrary<ModelInput> = fc.oneof(
    fc.constantFrom('', 'a', 'b', 'x'.repeat(16_001), 'y'.repeat(16_001)),
    fc.uint32Array({ minLength: 1, maxLength: 2, max: 2 }),
    fc.constantFrom(5_000, 5_001).map((length) => new Uint32Array(length)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anInput, { maxLength: 30 }), async (inputs) => {
      const same = (a: ModelInput, b: ModelInput) => typeof a === typeof b && String(a) === String(b);
      const firstOf = inputs.map((input) => inputs.findIndex((other) => same(input, other)));
      const rows = firstOf.filter((first, row) => first === row);
      const distinct = await distinctOf(inputs, signal);
      if (rows.length === inputs.length) {
        expect(distinct).toBe(undefined);
        return;
      }
      expect([...(distinct?.firstOf ?? [])]).toEqual(firstOf);
      expect([...(distinct?.rows ?? [])]).toEqual(rows);
      expect(distinct?.inputs).toEqual(rows.map((row) => inputs[row]));
      expect([...duplicatesOf(distinct as NonNullable<typeof distinct>)]).toEqual(
        [...inputs.keys()].filter((row) => !rows.includes(row)),
      );
    }),
  );
});

test('long texts of one length are told apart in time: V8 hashes them by length', async () => {
  const texts = Array.from({ length: 2_000 }, (_, i) => 'x'.repeat(16_500) + String(i).padStart(6, '0'));
  const started = performance.now();
  expect(await distinctOf(texts, signal)).toBe(undefined);
  expect(performance.now() - started).toBeLessThan(1_500);
});

test('a long loop lets others run, and ends with the signal', async () => {
  const abort = new AbortController();
  setImmediate(() => abort.abort(new Error('enough')));
  let done = 0;
  const busy = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };
  const loop = inSlices(100, abort.signal, () => {
    busy(1);
    done++;
  });
  await expect(loop).rejects.toThrow('enough');
  expect(done).toBeLessThan(20);
});
