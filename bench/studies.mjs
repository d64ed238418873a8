/**
 * Measurements beside the rounds: each answers one question, about ovembed or about all. A study is a list of jobs, run
 * round after round in turns.
 */
import { ovembedSweep } from './contestants.mjs';
import { BLOCK } from './corpus.mjs';

/** Where no ceiling takes part, and so none of its set-ups was found to be the best. */
const PLAIN_CEILING = { bucket: 16, budget: 1024 };

/**
 * @typedef {object} Study
 * @property {string} id as in `--cases`, and the name of its file in cases/ unless `case` names another
 * @property {string} [case]
 * @property {(entry: object) => boolean} takes which contestants take part
 * @property {(entry: object, bench: object) => object[]} jobs what the case gets; `label` names a job, `variant` replaces
 *   the contestant's own
 * @property {(options: object) => number} [rounds] default 1
 *
 * @type {Study[]}
 */
export const studies = [
  {
    id: 'classes',
    takes: () => true,
    jobs: ({ contestant }, { options }) => [
      { seconds: options.classSeconds, texts: contestant.wholeCorpus ? 4096 : 1024 },
    ],
  },
  {
    id: 'callers',
    takes: isOneOf('ovembed-auto', 'transformersjs-q8'),
    jobs: ({ contestant }, { options }) => {
      const own = contestant.id === 'ovembed-auto';
      const [texts, repeats] = own ? [options.callerTexts, options.studyRounds] : [BLOCK, 1];
      return [{ texts, repeats, levels: [1, 4, 16, 64, 256] }];
    },
  },
  {
    id: 'bulk-queries',
    takes: isOneOf('ovembed-auto'),
    rounds: ({ studyRounds }) => studyRounds,
    jobs: (_, { options }) => [
      { seconds: options.bulkSeconds, queries: options.bulkQueries, repeats: options.queryRepeats },
    ],
  },
  {
    id: 'floor',
    takes: isOneOf('ovembed-auto'),
    jobs: () => [{ repeats: 5, queries: 300 }],
  },
  {
    id: 'graphs',
    takes: isOneOf('ovembed-auto'),
    jobs: (_, { options, entries }) => [{ variant: ceilingVariant(entries), texts: options.graphTexts, repeats: 5 }],
  },
  {
    id: 'sweep',
    case: 'throughput',
    takes: isOneOf('ovembed-auto'),
    jobs: (_, { options }) =>
      ovembedSweep(options).map((variant) => ({
        label: `buckets ${variant.buckets}, ${variant.batchTokens} tokens`,
        variant,
        texts: options.sweepTexts,
      })),
  },
  {
    id: 'memory',
    takes: isOneOf('ovembed-auto'),
    jobs: (_, { options }) => [{ texts: options.memoryTexts, repeats: 3 }],
  },
  {
    id: 'growth',
    takes: isOneOf('ovembed-auto'),
    jobs: (_, { options }) => [{ sizes: options.growthSizes, baselineTexts: options.growthBaseline }],
  },
  {
    id: 'search',
    takes: isOneOf('ovembed-auto'),
    jobs: (_, { options }) => [{ rows: options.searchRows, repeats: 5, queries: 11 }],
  },
  {
    id: 'conversion',
    takes: isOneOf('ovembed-auto'),
    jobs: () => [{ rows: 65_536, dimensions: 384, repeats: 3 }],
  },
];

/**
 * @param {Study} study
 * @param {object} bench see orchestrate.mjs
 * @param {(entry: object, name: string, job: object) => Promise<any>} measure
 * @returns {Promise<StudyRow[]>}
 * @typedef {{ id: string, name: string, label?: string, variant: object, failure: string | null, rounds: any[] }} StudyRow
 */
export async function runStudy(study, bench, measure) {
  const taking = bench.entries.filter((entry) => entry.failure === null && study.takes(entry));
  const rows = taking.flatMap((entry) =>
    study.jobs(entry, bench).map((job) => ({ entry, job, failure: null, rounds: [] })),
  );
  const rounds = study.rounds?.(bench.options) ?? 1;
  for (let round = 1; round <= rounds; round++) {
    for (const row of rows.filter(({ failure }) => failure === null)) {
      bench.log([study.id, row.entry.contestant.name, row.job.label].filter(Boolean).join(': '));
      try {
        row.rounds.push(await measure(row.entry, study.case ?? study.id, row.job));
      } catch (error) {
        row.failure = error.message;
        bench.log(`${study.id}: ${row.entry.contestant.name} failed: ${error.message}`);
      }
    }
  }
  return rows.map(({ entry: { contestant, variant }, job, failure, rounds: measured }) => ({
    id: contestant.id,
    name: contestant.name,
    label: job.label,
    variant: job.variant ?? variant,
    job,
    failure,
    rounds: measured,
  }));
}

function isOneOf(...ids) {
  return ({ contestant }) => ids.includes(contestant.id);
}

/** The set-up that was the fastest in the ceiling's own sweep. */
function ceilingVariant(entries) {
  const ceiling = entries.find(({ contestant }) => contestant.id === 'ceiling');
  if (ceiling?.variant) return ceiling.variant;
  const { precision, streams } = entries.find(({ contestant }) => contestant.id === 'ovembed-auto').firstStart.setup;
  return { ...PLAIN_CEILING, precision, streams };
}
