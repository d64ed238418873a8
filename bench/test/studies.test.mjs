import { describe, expect, it } from 'vitest';
import { runStudy, studies } from '../studies.mjs';

const entry = (id, failure = null) => ({ contestant: { id, name: id }, variant: { of: id }, failure });

function bench(...entries) {
  return { entries, options: { sweep: false, sweepTexts: 64, studyRounds: 3 }, log: () => {} };
}

const study = (more = {}) => ({ id: 's', takes: () => true, jobs: () => [{ repeats: 2 }], ...more });

describe('a study', () => {
  it('has its contestants take turns, round after round', async () => {
    const order = [];
    const measure = async ({ contestant }, name, job) => order.push([contestant.id, name, job.repeats]);
    const rows = await runStudy(study({ case: 'c', rounds: () => 2 }), bench(entry('a'), entry('b')), measure);
    expect(order).toEqual([
      ['a', 'c', 2],
      ['b', 'c', 2],
      ['a', 'c', 2],
      ['b', 'c', 2],
    ]);
    expect(rows.map(({ id, rounds }) => [id, rounds.length])).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
  });

  it('goes on without the one that fails, which keeps taking part in others', async () => {
    const failing = entry('a');
    const asked = [];
    const measure = async ({ contestant }) => {
      asked.push(contestant.id);
      if (contestant.id === 'a') throw new Error('out of memory');
      return 1;
    };
    const rows = await runStudy(study({ rounds: () => 2 }), bench(failing, entry('b')), measure);
    expect(rows).toMatchObject([
      { id: 'a', failure: 'out of memory', rounds: [] },
      { id: 'b', failure: null, rounds: [1, 1] },
    ]);
    expect(failing.failure).toBe(null);
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  it('leaves out those that could not start and those that it is not for', async () => {
    const only = study({ takes: ({ contestant }) => contestant.id !== 'c' });
    const rows = await runStudy(only, bench(entry('a', 'no addon'), entry('b'), entry('c')), async () => 1);
    expect(rows.map(({ id }) => id)).toEqual(['b']);
  });

  it('tells the set-up of a job that has one of its own', async () => {
    const sweep = studies.find(({ id }) => id === 'sweep');
    const rows = await runStudy(sweep, bench(entry('ovembed-auto'), entry('ceiling')), async () => 1);
    expect(rows.map(({ variant }) => variant)).toEqual(
      [512, 1024, 2048].map((batchTokens) => ({ precision: 'auto', buckets: 16, batchTokens })),
    );
    const [plain] = await runStudy(study(), bench(entry('a')), async () => 1);
    expect(plain.variant).toEqual({ of: 'a' });
  });

  it('of graphs has the set-up that the ceiling found to be the best, if it took part', async () => {
    const graphs = studies.find(({ id }) => id === 'graphs');
    const ours = { ...entry('ovembed-auto'), firstStart: { setup: { precision: 'bf16', streams: 2 } } };
    const jobOf = async (...entries) => (await runStudy(graphs, bench(...entries), async () => 1))[0].job.variant;
    expect(await jobOf(ours)).toEqual({ bucket: 16, budget: 1024, precision: 'bf16', streams: 2 });
    expect(await jobOf(ours, entry('ceiling'))).toEqual({ of: 'ceiling' });
  });
});
