import { describe, expect, test } from 'vitest';
import { NO_LABEL } from '../../../lib/map/data.js';
import { fieldOf } from '../../../lib/map/fields.js';

const codesOf = (base64: string) => Array.from(new Uint16Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer));

describe('a field of a map is', () => {
  test('categories, the most frequent first, where there are few values', () => {
    const field = fieldOf('kind', ['b', 'a', 'b', null, 'b', 'a', undefined]);
    if (field.kind !== 'category') throw new Error(field.kind);
    expect(field.labels).toEqual(['b', 'a']);
    expect(field.counts).toEqual([3, 2]);
    expect(codesOf(field.codes)).toEqual([0, 1, 0, NO_LABEL, 0, 1, NO_LABEL]);
  });

  test('numbers, with their ends, where they are many', () => {
    const values = Array.from({ length: 40 }, (_, i) => (i === 7 ? null : i - 20));
    const field = fieldOf('score', values);
    if (field.kind !== 'number') throw new Error(field.kind);
    expect([field.min, field.max]).toEqual([-20, 19]);
    expect(new Float32Array(new Uint8Array(Buffer.from(field.values, 'base64')).buffer)[7]).toBeNaN();
  });

  test('categories for few distinct numbers, such as years', () => {
    expect(fieldOf('year', [2020, 2021, 2020, 2021]).kind).toBe('category');
  });

  test('texts where every value is another; objects as JSON, long ones cut', () => {
    const values = [...Array.from({ length: 20 }, (_, i) => `title ${i}`), { a: 1n }, 'x'.repeat(500)];
    const field = fieldOf('title', values);
    if (field.kind !== 'text') throw new Error(field.kind);
    expect(field.values[20]).toBe('{"a":"1"}');
    expect(field.values[21]).toHaveLength(201);
  });

  test('texts of nothing where there is no value', () => {
    expect(fieldOf('none', [null, undefined])).toEqual({ kind: 'text', name: 'none', values: [null, null] });
  });
});
