/**
 * Who takes part. Every contestant has the interface of `Load`; whatever differs between libraries is in its own file of
 * contestants/.
 *
 * @typedef {(folders: import('./processes.mjs').Folders, variant: object) => Promise<Engine>} Load
 *
 * @typedef {object} Engine
 * @property {object} setup what the contestant chose by itself, such as its precision
 * @property {(texts: string[]) => Promise<any>} [prepare] untimed work before `embed`, such as tokenising for the ceiling
 * @property {(input: any) => Promise<any>} embed texts (or what `prepare` made of them) to the library's own output
 * @property {(text: string) => Promise<any>} embedQuery
 * @property {(output: any) => ArrayLike<number>[] | Promise<ArrayLike<number>[]>} rows untimed: the output of `embed` as
 *   one vector per text
 * @property {(text: string, count: number) => Promise<number[]>} [timeQueries] milliseconds of single queries, where
 *   they must be timed elsewhere
 * @property {() => Promise<{ peak: number, after: number }>} [memory] resident bytes of the process that works, if it is
 *   another
 * @property {import('ovembed').Embedder} [embedder] of ovembed alone
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Contestant
 * @property {string} id as in `--only`
 * @property {string} name
 * @property {string} module a file of contestants/
 * @property {string[]} peers npm packages that it needs
 * @property {boolean} [python] needs `--python`
 * @property {boolean} wholeCorpus measured on every text, however slow; the others on as many as fit the time of a pass
 * @property {number} sweepTexts texts on which its variants are compared
 * @property {(known: { precision?: string, cpus: number }) => Variant[]} variants first the one to take when there is
 *   no time to compare
 *
 * @typedef {{ [option: string]: string | number }} Variant
 */
import { BLOCK } from './corpus.mjs';

/** What ovembed is tried with: what a user may set, where by default a measurement at the first start decides. */
const OVEMBED_BUCKETS = [8, 16, 32];
const OVEMBED_BATCH_TOKENS = [512, 1024, 2048];

const WITHOUT_PRECISION = 'its precision is the one that ovembed auto chooses, which did not start';

/** @type {Contestant[]} */
export const contestants = [
  ovembed('auto', { wholeCorpus: true }),
  {
    id: 'ceiling',
    name: 'bare OpenVINO ceiling',
    module: 'ceiling',
    peers: [],
    wholeCorpus: true,
    sweepTexts: 4 * BLOCK,
    variants: ceilingVariants,
  },
  ovembed('f32', { wholeCorpus: false }),
  ovembed('int8', { wholeCorpus: false }),
  transformersJs('fp32'),
  transformersJs('q8'),
  {
    id: 'fastembed',
    name: 'fastembed-js',
    module: 'fastembed',
    peers: ['fastembed'],
    wholeCorpus: false,
    sweepTexts: BLOCK,
    // 256 is its default.
    variants: () => batchSizes([1, 32, 256]),
  },
  python('genai', 'openvino-genai (Python)', [1, 32]),
  python('sentence-transformers', 'sentence-transformers (Python)', [32]),
];

/**
 * Set-ups of ovembed that its sweep compares; the rounds have the defaults. Without time to compare, at one width of buckets.
 * @param {{ sweep: boolean }} options
 * @returns {Variant[]}
 */
export function ovembedSweep({ sweep }) {
  const widths = sweep ? OVEMBED_BUCKETS : [16];
  return widths.flatMap((buckets) =>
    OVEMBED_BATCH_TOKENS.map((batchTokens) => ({ precision: 'auto', buckets, batchTokens })),
  );
}

/**
 * Loads a contestant in this process.
 * @param {import('./processes.mjs').Job} job
 * @returns {Promise<Engine>}
 */
export async function loadContestant({ contestant, folders, variant }) {
  const { load } = await import(`./contestants/${contestant}.mjs`);
  return load(folders, variant);
}

function ovembed(precision, { wholeCorpus }) {
  return {
    id: `ovembed-${precision}`,
    name: `ovembed, precision ${precision}`,
    module: 'ovembed',
    peers: [],
    wholeCorpus,
    sweepTexts: BLOCK,
    variants: () => [{ precision }],
  };
}

function transformersJs(dtype) {
  return {
    id: `transformersjs-${dtype}`,
    name: `transformers.js ${dtype}`,
    module: 'transformersjs',
    peers: ['@huggingface/transformers'],
    wholeCorpus: false,
    sweepTexts: BLOCK,
    variants: () => batchSizes([1, 8, 32]).map((variant) => ({ dtype, ...variant })),
  };
}

/** At the precision that ovembed chose. */
function python(library, name, sizes) {
  return {
    id: library,
    name,
    module: 'python',
    peers: [],
    python: true,
    wholeCorpus: false,
    sweepTexts: BLOCK,
    variants: ({ precision }) => {
      if (!precision) throw new Error(WITHOUT_PRECISION);
      return batchSizes(sizes).map((variant) => ({ library, precision, ...variant }));
    },
  };
}

function batchSizes(sizes) {
  return sizes.map((batchSize) => ({ batchSize }));
}

/** One factor at a time around the middle: bucket width, token budget, streams. */
function ceilingVariants({ precision, cpus }) {
  if (!precision) throw new Error(WITHOUT_PRECISION);
  const middle = { precision, streams: cpus, bucket: 16, budget: 1024 };
  /** @type {Variant[]} */
  const others = [{ bucket: 8 }, { bucket: 32 }, { budget: 512 }, { budget: 2048 }, { budget: 4096 }];
  if (cpus > 1) others.push({ streams: 1 });
  return [middle, ...others.map((change) => ({ ...middle, ...change }))];
}
