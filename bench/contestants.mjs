/**
 * Who takes part. Every contestant has the interface of `Load`; whatever differs between libraries is in its own file of
 * contestants/.
 *
 * @typedef {(folders: import('./processes.mjs').Folders, variant: object) => Promise<Engine>} Load
 *
 * @typedef {object} Engine
 * @property {object} setup what the contestant chose by itself, such as its precision
 * @property {(texts: string[]) => Promise<any>} [prepare] untimed work before `embed`; only the ceiling has it
 * @property {(input: any) => Promise<any>} embed texts (or what `prepare` made of them) to the library's own output
 * @property {(text: string) => Promise<any>} embedQuery
 * @property {(output: any) => ArrayLike<number>[] | Promise<ArrayLike<number>[]>} rows untimed: the output of `embed` as
 *   one vector per text
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Contestant
 * @property {string} id as in `--only`
 * @property {string} name
 * @property {string} module a file of contestants/
 * @property {string[]} peers npm packages that it needs
 * @property {boolean} wholeCorpus measured on every text, however slow; the others on as many as fit the time of a pass
 * @property {number} sweepTexts texts on which its variants are compared
 * @property {(known: { precision?: string, cpus: number }) => Variant[]} variants first the one to take when there is
 *   no time to compare
 *
 * @typedef {{ [option: string]: string | number }} Variant
 */
import { BLOCK } from './corpus.mjs';

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
];

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

function batchSizes(sizes) {
  return sizes.map((batchSize) => ({ batchSize }));
}

/** One factor at a time around the middle: bucket width, token budget, streams. */
function ceilingVariants({ precision, cpus }) {
  if (!precision) throw new Error('its precision is the one that ovembed auto chooses, which did not start');
  const middle = { precision, streams: cpus, bucket: 16, budget: 1024 };
  /** @type {Variant[]} */
  const others = [{ bucket: 8 }, { bucket: 32 }, { budget: 512 }, { budget: 2048 }, { budget: 4096 }];
  if (cpus > 1) others.push({ streams: 1 });
  return [middle, ...others.map((change) => ({ ...middle, ...change }))];
}
