/** What the pages compute, without a browser. */
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../../lib/histogram.js';
import { History, percentile, sum, total } from '../../../lib/server/pages/history.js';
import { bytes, duration, ms, number, percent } from '../../../lib/server/pages/numbers.js';
import { curl, fieldsOf, typeOf } from '../../../lib/server/pages/openapi.js';

const BOUNDS = [1, 2, 4, 8, Infinity];
function histogramOf(...values: number[]) {
  const histogram = new Histogram(BOUNDS);
  for (const value of values) histogram.add(value);
  // As the page gets it: the last bound is null.
  return JSON.parse(JSON.stringify(histogram.snapshot())) as ReturnType<Histogram['snapshot']>;
}

describe('percentiles', () => {
  test('are within the bucket of the value, evenly spread', () => {
    const histogram = histogramOf(...Array(50).fill(1.5), ...Array(50).fill(3));
    expect(percentile(histogram, 0.25)).toBeCloseTo(1.5);
    expect(percentile(histogram, 0.5)).toBeCloseTo(2);
    expect(percentile(histogram, 0.99)).toBeCloseTo(2 + 2 * 0.98);
    expect(percentile(histogramOf(0.3), 0.5)).toBeCloseTo(0.5);
  });

  test('of the open bucket are its bound; of nothing there are none', () => {
    expect(percentile(histogramOf(1, 50, 60), 0.99)).toBe(8);
    expect(percentile(histogramOf(), 0.5)).toBeNull();
    expect(percentile({ bounds: [], counts: [] }, 0.5)).toBeNull();
  });
});

describe('a history', () => {
  const look = (at: number, values: number[], hits = 0, misses = 0) => ({
    at,
    calls: histogramOf(...values),
    hits,
    misses,
  });

  test('is of the last minute', () => {
    const history = new History();
    history.add(look(0, [1], 10, 0));
    history.add(look(1_000, [1, 3], 10, 1));
    history.add(look(60_500, [1, 3, 3, 3], 13, 2));
    expect(total(history.calls)).toBe(2);
    expect(total(history.latestCalls)).toBe(2);
    expect(history.hitRate).toBe(0.75);
  });

  test('begins anew where counters fall, as after a restart', () => {
    const history = new History();
    history.add(look(0, [1, 1, 1], 5, 5));
    history.add(look(1_000, [7]));
    expect([total(history.calls), history.hitRate]).toEqual([0, null]);
    history.add(look(2_000, [7, 7]));
    expect(total(history.calls)).toBe(1);
  });

  test('of several models is their sum', () => {
    expect(sum([histogramOf(1, 3), histogramOf(3)]).counts).toEqual([1, 1, 3, 3, 3]);
    expect(sum([])).toEqual({ bounds: [], counts: [] });
  });
});

test('numbers are short', () => {
  expect([0, 0.01234, 12.345, 999.6, 1234.5, 1e7].map(number)).toEqual([
    '0',
    '0.0123',
    '12.3',
    '1,000',
    '1,235',
    '10,000,000',
  ]);
  const spaces = (text: string) => text.replaceAll('\u00a0', ' ');
  expect([ms(null), ms(5.678), percent(null), percent(0.256)].map(spaces)).toEqual(['–', '5.68 ms', '–', '26 %']);
  const sizes = [0, 1_023, 1_536, 5 * 2 ** 30].map(bytes).map(spaces);
  expect(sizes).toEqual(['0 B', '1,023 B', '1.5 KiB', '5 GiB']);
  expect([5.9, 61, 3_700, 90_000].map(duration)).toEqual(['5 s', '1 min', '1 h 1 min', '1 d 1 h']);
});

describe('documentation', () => {
  test('lists fields with those that they hold', () => {
    const schema = {
      type: 'object',
      required: ['inputs'],
      properties: {
        inputs: { type: 'object', properties: { texts: { type: 'array', items: { type: 'string' } } } },
        truncate: { anyOf: [{ enum: ['end', 'start'] }, { type: 'null' }], description: 'what is cut' },
      },
    };
    expect(fieldsOf(schema)).toEqual([
      { name: 'inputs', type: 'object', required: true, description: '' },
      { name: 'inputs.texts', type: 'list of string', required: false, description: '' },
      { name: 'truncate', type: '"end" or "start" or null', required: false, description: 'what is cut' },
    ]);
    expect(fieldsOf({ type: 'array', items: schema })[0]?.name).toBe('[].inputs');
    expect(typeOf({ type: ['string', 'null'] })).toBe('string or null');
    const text = { type: 'string' };
    expect(typeOf({ anyOf: [text, { items: { anyOf: [text, { items: text }] } }] })).toBe(
      'string or list of (string or list of string)',
    );
  });

  test('commands are quoted for a shell', () => {
    expect(curl('http://h:1/', 'post', '/embed', { inputs: "it's" }, true)).toBe(
      `curl 'http://h:1/embed' \\\n  -H "Authorization: Bearer $OVEMBED_API_KEY" \\\n  -H 'Content-Type: application/json' \\\n  -d '{"inputs":"it'\\''s"}'`,
    );
    expect(curl('http://h/', 'get', '/v1/models/{name}', undefined, false)).toBe(`curl 'http://h/v1/models/NAME'`);
  });
});
