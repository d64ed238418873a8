import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OffsetMap } from '../../../../lib/text/cleaning/offset-map.js';
import { chain, Rewriter } from '../../../../lib/text/cleaning/rewriter.js';
import { expectMapped } from './maps.js';

/** What a step may do to a text, piece by piece. */
const EDITS = fc.array(
  fc.record({ kind: fc.constantFrom('copy', 'drop', 'replace', 'insert'), units: fc.integer({ min: 1, max: 4 }) }),
  { maxLength: 12 },
);
type Edit = { kind: string; units: number };

function edited(text: string, edits: readonly Edit[]) {
  const out = new Rewriter(text);
  let at = 0;
  for (const { kind, units } of edits) {
    const end = Math.min(at + units, text.length);
    if (kind === 'insert') out.put('+'.repeat(units), at, at);
    else if (kind === 'copy') out.copy(at, end);
    else if (kind === 'replace' && end > at) out.put('#'.repeat(5 - units), at, end);
    if (kind !== 'insert') at = end;
  }
  out.copy(at, text.length);
  return out.finish();
}

it('maps what is copied, replaced, put in and left out', () => {
  const out = new Rewriter('one… two three');
  out.copy(0, 3);
  out.put('...', 3, 4);
  out.put('\n', 4, 4);
  out.copy(9, 14);
  const { text, map } = out.finish();
  expect(text).toBe('one...\nthree');
  expect(map.sourceRange(0, text.length)).toEqual({ start: 0, end: 14 });
  expect(map.sourceRange(4, 5)).toEqual({ start: 3, end: 4 });
  expect(map.sourceRange(6, 7)).toEqual({ start: 4, end: 4 });
  expect(map.sourceRange(8, 10)).toEqual({ start: 10, end: 12 });
  expect(map.sourceRange(8, 8)).toEqual({ start: 10, end: 10 });
  expect(Array.from({ length: 13 }, (_, i) => map.sourceOffset(i))).toEqual([
    0, 1, 2, 3, 3, 3, 4, 9, 10, 11, 12, 13, 14,
  ]);
});

it('is monotone over any number of steps', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), fc.array(EDITS, { maxLength: 4 }), (source, steps) => {
      expectMapped(
        source,
        chain(
          source,
          steps.map((edits) => (text: string) => edited(text, edits)),
        ),
      );
    }),
    { numRuns: 500 },
  );
});

it('composes two steps to what they say one after the other', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), EDITS, EDITS, (source, first, second) => {
      const one = edited(source, first);
      const two = edited(one.text, second);
      const both = two.map.after(one.map);
      for (let i = 0; i < two.text.length; i++) {
        const between = two.map.sourceRange(i, i + 1);
        if (between.start === between.end) continue;
        expect(both.sourceRange(i, i + 1)).toEqual(one.map.sourceRange(between.start, between.end));
      }
    }),
    { numRuns: 500 },
  );
});

it('maps an empty text, and refuses places outside of it', () => {
  const map = OffsetMap.identity(0);
  expect(map.sourceRange(0, 0)).toEqual({ start: 0, end: 0 });
  expect([...map.runs()]).toEqual([]);
  expect(() => map.sourceOffset(1)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  expect(() => OffsetMap.identity(3).sourceRange(0, 4)).toThrow(/from 0 to 3/);
});
