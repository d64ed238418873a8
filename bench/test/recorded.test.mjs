import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordedOf, recordedPicture, recordedTable } from '../report/recorded.mjs';

const ROOT = join(import.meta.dirname, '../..');
const read = (path) => readFileSync(join(ROOT, path), 'utf8');
const same = (value) => ({ median: value, min: value, max: value });

describe('what the documents show', () => {
  const recorded = JSON.parse(read('bench/recorded.json'));

  it('is the recorded figures: node bench/record.mjs', () => {
    expect(read('docs/benchmark.svg')).toBe(recordedPicture(recorded));
    expect(read('docs/performance.md')).toContain(`-->\n${recordedTable(recorded)}\n<!-- measured:end -->`);
  });

  it('names the machine, and takes nothing from elsewhere', () => {
    const picture = recordedPicture(recorded);
    expect(picture).toContain(`>${recorded.machine}; `);
    expect(picture.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/http|href|<script|url\(/);
  });

  it('has bars as long as the figures', () => {
    const bars = recordedPicture(recorded).matchAll(/class="(?:ours|peer|bare)"[^>]*width="([\d.]+)"/g);
    const ratios = Array.from(bars, ([, width], i) => Number(width) / recorded.rows[i].tokensPerSecond);
    expect(ratios).toHaveLength(recorded.rows.length);
    for (const ratio of ratios) expect(ratio / ratios[0]).toBeCloseTo(1, 2);
  });
});

describe('the figures of a report', () => {
  const contestant = {
    id: 'ovembed-auto',
    name: 'ovembed <auto>',
    failure: null,
    tokensPerSecond: same(30_057.4),
    eventLoop: { monitor: { p99: same(0.66), max: same(9) } },
    latency: { p50: same(1.41) },
    load: { firstVector: same(219.4) },
    rss: { peak: same(287.2e6) },
    cosine: { min: 0.999961, mean: 1 },
  };
  const report = {
    machine: { cores: 2, cpu: 'A CPU', flags: ['avx2', 'avx512_bf16'], node: 'v24.1.0' },
    versions: { openvino: '2026.4.1' },
    options: { rounds: 3 },
    corpus: { texts: 8192, meanTokens: 60.2 },
    contestants: [
      contestant,
      { id: 'ceiling', name: 'bare', failure: null, tokensPerSecond: same(31_000) },
      { id: 'fastembed', name: 'fastembed-js', failure: 'no module' },
    ],
  };
  const recorded = recordedOf(report, { model: 'a-model' });

  it('are rounded medians; who failed is left out', () => {
    expect(recorded).toMatchObject({
      machine: '2 cores of A CPU (avx2, avx512_bf16)',
      software: 'Node 24.1.0, OpenVINO 2026.4.1',
      corpus: '8,192 texts of 60 tokens in the mean',
    });
    expect(recorded.rows).toEqual([
      {
        id: 'ovembed-auto',
        name: 'ovembed <auto>',
        tokensPerSecond: 30_057,
        loopDelayMs: 0.7,
        queryMs: 1.4,
        firstVectorMs: 219,
        peakMB: 287,
        cosine: 0.99996,
      },
      { id: 'ceiling', name: 'bare', tokensPerSecond: 31_000 },
    ]);
  });

  it('become a table and a picture, escaped', () => {
    expect(recordedTable(recorded)).toContain('| bare | 31,000 | | | | | |');
    expect(recordedPicture(recorded)).toContain('ovembed &lt;auto&gt;');
  });
});
