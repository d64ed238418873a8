import { describe, expect, it } from 'vitest';
import { toHtml } from '../report/html.mjs';
import { toMarkdown } from '../report/markdown.mjs';
import { drawChart, ticks } from '../report/svg.mjs';

const same = (value) => ({ median: value, min: value, max: value });
const delays = { p99: same(1), max: same(2) };

const measured = {
  id: 'ovembed-auto',
  name: 'ovembed <auto>',
  failure: null,
  variant: { precision: 'auto' },
  setup: { precision: 'bf16', streams: 2 },
  sweep: [],
  texts: 1024,
  tokensPerSecond: { median: 40_000, min: 39_000, max: 41_000 },
  textsPerSecond: same(700),
  eventLoop: { monitor: delays, ping: delays },
  rss: { peak: same(300e6), after: same(250e6) },
  cosine: { min: 0.9999, mean: 0.99995 },
};

const absent = { id: 'genai', name: 'genai', failure: 'no | module\nat line 1' };

const report = {
  date: '2026-01-02T03:04:05.000Z',
  options: { seed: 1, rounds: 3, quick: false },
  machine: { cpu: 'A CPU', cores: 2, memoryGB: 8, system: 'linux', node: 'v24', flags: null, loadBefore: 0.7 },
  versions: { ovembed: '1.0.0', openvino: '2026', peers: { fastembed: { version: null } }, python: null },
  corpus: {
    texts: 1024,
    tokens: 60_000,
    meanTokens: 60,
    maxTokens: 256,
    queryTokens: 9,
    classTokens: { sentences: 14 },
  },
  truth: { texts: 16, source: 'an oracle' },
  contestants: [measured, absent],
  bars: [{ name: 'a bar', limit: '≥ 1', measured: '0.5', verdict: 'fail' }],
  studies: {
    classes: [
      { id: 'ovembed-auto', name: 'ovembed', failure: null, rounds: [{ sentences: { textsPerSecond: 100 } }] },
      { id: 'genai', name: 'genai', failure: 'out of memory', rounds: [] },
    ],
    memory: [],
  },
};

describe('Markdown', () => {
  const markdown = toMarkdown(report);

  it('has the rows of contestants, with the range over rounds', () => {
    expect(markdown).toContain(
      '| ovembed <auto> | precision bf16, streams 2 | 1,024 | 40,000 (39,000 to 41,000) | 700 |',
    );
  });

  it('says in its row why a contestant cannot run, in one cell, and in full below', () => {
    expect(markdown).toMatch(/\| genai \| cannot run: no \\\| module \|( – \|){7}\n/);
    expect(markdown).toContain('- genai: no | module\n  at line 1');
  });

  it('says what the run was, and that the machine was not idle', () => {
    expect(markdown).toContain('fastembed not installed');
    expect(markdown).toContain('0.70 (the machine was not idle)');
    expect(markdown).toContain('| a bar | ≥ 1 | 0.5 | fail |');
  });

  it('has a section per study that was measured, and what failed in it', () => {
    expect(markdown).toContain('| ovembed | 1,400 | 100 | 0.999900 |');
    expect(markdown).toContain('- genai: cannot run: out of memory');
    expect(markdown).not.toContain('Memory over passes');
  });

  it('leaves out what was not measured', () => {
    expect(markdown).not.toContain('Single query');
    expect(markdown).not.toContain('undefined');
  });
});

describe('HTML', () => {
  const html = toHtml(report);

  it('is one file that takes nothing from elsewhere', () => {
    expect(html).not.toMatch(/<script|<link|src=|href=|@import|url\(/);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toContain('http');
  });

  it('escapes names and marks verdicts', () => {
    expect(html).toContain('ovembed &lt;auto&gt;');
    expect(html).not.toContain('<auto>');
    expect(html).toContain('<td class="fail">fail</td>');
  });

  it('draws a chart of those that ran', () => {
    expect(html.match(/<rect/g)).toHaveLength(2);
  });
});

describe('charts', () => {
  it('have bars as long as their values, up to the highest whisker', () => {
    const items = [
      { label: 'a', value: 50, min: 40, max: 100 },
      { label: 'b', value: 25 },
    ];
    const [first, second] = [
      ...drawChart({ kind: 'bars', title: 't', unit: 'ms', items }).matchAll(/<rect [^>]*width="([\d.]+)"/g),
    ];
    expect(Number(first[1]) / Number(second[1])).toBeCloseTo(2, 1);
  });

  it('place points by the logarithm where asked, from edge to edge', () => {
    const points = [1, 10, 100].map((x) => ({ x, y: 1 }));
    const chart = (logX) => ({
      kind: 'lines',
      title: 't',
      xLabel: 'x',
      yLabel: 'y',
      logX,
      series: [{ name: 's', points }],
    });
    const places = (logX) => [...drawChart(chart(logX)).matchAll(/cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    const [low, middle, high] = places(true);
    expect(middle).toBeCloseTo((low + high) / 2, 0);
    expect(places(false)[1]).toBeLessThan(low + (high - low) / 5);
  });

  it('leave out marks that would overlap, but never the last', () => {
    const points = [1, 2, 3, 1000].map((x) => ({ x, y: 1 }));
    const chart = { kind: 'lines', title: 't', xLabel: 'x', yLabel: 'y', logX: false, series: [{ name: 's', points }] };
    const marks = [...drawChart(chart).matchAll(/text-anchor="middle"[^>]*>([^<]+)</g)].map(([, text]) => text);
    expect(marks).toEqual(['3', '1,000', 'x']);
  });

  it.each([
    [7, [0, 2, 4, 6, 8]],
    [1000, [0, 250, 500, 750, 1000]],
    [0.03, [0, 0.01, 0.02, 0.03]],
  ])('have round steps up to at least %d', (largest, steps) => {
    expect(ticks(largest).map((tick) => Number(tick.toPrecision(6)))).toEqual(steps);
  });
});
