import { describe, expect, it } from 'vitest';
import { judge } from '../bars.mjs';

const AMX = { flags: ['amx_bf16', 'avx2'] };
const OTHER = { flags: ['avx2'] };

function row(id, rounds = []) {
  return { id, name: id, failure: null, rounds };
}

function passes(...tokensPerSecond) {
  return tokensPerSecond.map((value) => ({ throughput: throughput(value) }));
}

function throughput(tokensPerSecond, delays = {}) {
  const calm = { p99: 1, max: 2 };
  const { monitor = calm, ping = calm } = delays;
  return { tokensPerSecond, eventLoop: { monitor, ping } };
}

/** As large as the bars of memory ask for. */
const JOB = { texts: 8192, sizes: [1_000, 200_000] };

const study = (id, ...rounds) => ({ [id]: [{ id: 'ovembed-auto', failure: null, job: JOB, rounds }] });

/** The bar whose name holds the text. */
function bar(text, { machine = AMX, contestants = [], studies = {} }) {
  const found = judge({ machine, contestants, studies }).filter(({ name }) => name.includes(text));
  expect(found).toHaveLength(1);
  return found[0];
}

describe('speed', () => {
  it('is compared round by round, as a slow minute slows both', () => {
    const contestants = [row('ovembed-auto', passes(95, 50, 190)), row('ceiling', passes(100, 40, 200))];
    expect(bar('÷ ceiling', { contestants })).toMatchObject({ verdict: 'pass', measured: '0.95 (0.95 to 1.25)' });
  });

  it('fails below the limit', () => {
    const contestants = [row('ovembed-auto', passes(94)), row('ceiling', passes(100))];
    expect(bar('÷ ceiling', { contestants })).toMatchObject({ verdict: 'fail', measured: '0.94', limit: '≥ 0.95' });
  });

  it('beside peers is judged with AMX only, but told everywhere', () => {
    const contestants = [row('ovembed-auto', passes(59)), row('transformersjs-fp32', passes(10))];
    const name = 'ovembed ÷ transformers.js fp32';
    expect(bar(name, { contestants })).toMatchObject({ verdict: 'fail', measured: '5.9' });
    expect(bar(name, { contestants, machine: OTHER })).toMatchObject({ verdict: 'not for this CPU', measured: '5.9' });
  });

  it('in f32 is judged without AMX only', () => {
    const contestants = [row('ovembed-f32', passes(13)), row('transformersjs-fp32', passes(10))];
    expect(bar('ovembed f32', { contestants, machine: OTHER }).verdict).toBe('pass');
    expect(bar('ovembed f32', { contestants, machine: { flags: null } }).verdict).toBe('pass');
    expect(bar('ovembed f32', { contestants }).verdict).toBe('not for this CPU');
  });

  it('of our graph is judged beside a traced one only', () => {
    const turns = [{ ours: 1, other: 1.3 }];
    const judged = (kind) => bar('our graph', { studies: study('graphs', { kind, turns }) }).verdict;
    expect(judged('traced')).toBe('pass');
    expect(judged('onnx')).toBe('not measured');
  });
});

describe('callers and queries', () => {
  it('compare 64 callers with the list call of the same repeat', () => {
    const repeat = (list, many) => ({
      list,
      levels: [
        { callers: 1, textsPerSecond: 1 },
        { callers: 64, textsPerSecond: many },
      ],
    });
    const judged = (...repeats) => bar('64 concurrent', { studies: study('callers', repeats) });
    expect(judged(repeat(100, 90), repeat(10, 9), repeat(50, 10)).verdict).toBe('pass');
    expect(judged(repeat(100, 89)).verdict).toBe('fail');
  });

  it('take the faster of the two bare programs for the floor', () => {
    const turn = { ovembed: 1.2, dynamic: 1.1, static: 1 };
    const { measured, verdict } = bar('bare inference of the same shape', { studies: study('floor', [turn]) });
    expect({ measured, verdict }).toEqual({ measured: '1.2', verdict: 'fail' });
  });

  const round = (p99, more = {}) => ({
    idle: { p99: 1 },
    loaded: { p99 },
    batchMs: 10,
    refused: 0,
    streams: 2,
    ...more,
  });
  const underBulk = (...rounds) => judge({ machine: AMX, contestants: [], studies: study('bulk-queries', ...rounds) });
  const verdicts = (bars) => bars.filter(({ name }) => name.startsWith('query p99')).map(({ verdict }) => verdict);

  it('under bulk may take two batches of this run and 5 ms', () => {
    expect(verdicts(underBulk(round(25)))).toEqual(['pass', 'fail']);
    expect(verdicts(underBulk(round(25.1)))).toEqual(['fail', 'fail']);
    expect(verdicts(underBulk(round(3)))).toEqual(['pass', 'pass']);
  });

  it('under bulk are beside idle ones only where there is more than one stream', () => {
    expect(verdicts(underBulk(round(2, { streams: 1 })))).toEqual(['pass', 'not measured']);
  });

  it('under bulk fail when a single one was refused', () => {
    expect(verdicts(underBulk(round(1), round(1, { refused: 1 })))).toEqual(['fail', 'fail']);
  });
});

describe('event loop and memory', () => {
  it('believe whichever instrument saw the longer delay', () => {
    const judged = (monitor, ping) => {
      const contestants = [row('ovembed-auto', [{ throughput: throughput(1, { monitor, ping }) }])];
      return ['p99', 'max'].map((which) => bar(`delay ${which}`, { contestants }).verdict);
    };
    expect(judged({ p99: 5, max: 20 }, { p99: 1, max: 1 })).toEqual(['pass', 'pass']);
    expect(judged({ p99: 1, max: 1 }, { p99: 5.1, max: 20.1 })).toEqual(['fail', 'fail']);
    expect(judged({ p99: 5.1, max: 20.1 }, { p99: 1, max: 1 })).toEqual(['fail', 'fail']);
  });

  it('compare the last pass with the first', () => {
    const judged = (...passesOf) => bar('after pass 3', { studies: study('memory', { loaded: 1, passes: passesOf }) });
    expect(judged(100, 200, 102).verdict).toBe('pass');
    expect(judged(100, 100, 103).verdict).toBe('fail');
  });

  it('count growth from the baseline to the end', () => {
    const judged = (end) => bar('RSS growth', { studies: study('growth', { memory: { baseline: 200e6, end } }) });
    expect(judged(230e6)).toMatchObject({ verdict: 'pass', measured: '30 MB', limit: '≤ 30 MB' });
    expect(judged(231e6).verdict).toBe('fail');
  });

  it('compare searches turn by turn', () => {
    const turns = [
      { ovembed: 13, numpy: 10, bits: 1.6 },
      { ovembed: 40, numpy: 40, bits: 5 },
      { ovembed: 9, numpy: 10, bits: 1 },
    ];
    const judged = (text, rows) =>
      bar(text, { studies: { search: [{ id: 'ovembed-auto', failure: null, job: { rows }, rounds: [{ turns }] }] } });
    expect(judged('÷ NumPy', 1_000_000)).toMatchObject({ verdict: 'pass', measured: '1 (0.9 to 1.3)' });
    expect(judged('as bits', 1_000_000)).toMatchObject({ verdict: 'pass', measured: '8.13 (8 to 9)' });
    expect(judged('÷ NumPy', 100_000).verdict).toBe('not measured');
  });

  it('have no verdict on fewer texts than the bar is for', () => {
    const fewer = (id, job, result) => ({ [id]: [{ id: 'ovembed-auto', failure: null, job, rounds: [result] }] });
    const growth = fewer('growth', { sizes: [100, 20_000] }, { memory: { baseline: 200e6, end: 200e6 } });
    expect(bar('RSS growth', { studies: growth }).verdict).toBe('not measured');
    const memory = fewer('memory', { texts: 512 }, { passes: [100, 100, 100] });
    expect(bar('after pass 3', { studies: memory }).verdict).toBe('not measured');
  });
});

describe('what is missing', () => {
  it('has no verdict if it was left out', () => {
    const judged = judge({ machine: AMX, contestants: [], studies: {} });
    expect(new Set(judged.map(({ verdict }) => verdict))).toEqual(new Set(['not measured', 'not for this CPU']));
  });

  it('fails if it was asked for and did not run', () => {
    const failed = { ...row('ovembed-auto'), failure: 'no addon' };
    const contestants = [failed, row('ceiling', passes(1))];
    expect(bar('÷ ceiling', { contestants })).toMatchObject({ verdict: 'fail', measured: 'ovembed-auto did not run' });
    const studies = { memory: [{ id: 'ovembed-auto', failure: 'out of memory\nat …', rounds: [] }] };
    expect(bar('after pass 3', { studies })).toMatchObject({ verdict: 'fail', measured: 'did not run: out of memory' });
  });

  it('holds no limit if it is not a number', () => {
    const contestants = [row('ovembed-auto', passes(Number.NaN)), row('ceiling', passes(1))];
    expect(bar('÷ ceiling', { contestants }).verdict).toBe('fail');
  });
});
