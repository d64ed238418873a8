/** What is compiled for which NPU, and how the outcome is told. */
import { existsSync, readFileSync } from 'node:fs';
import { checkNpuBlob } from './blob.mjs';

/** `NPU_PLATFORM` → processors that have it. */
export const PLATFORMS = {
  3720: 'Core Ultra 1 (Meteor Lake, Arrow Lake)',
  4000: 'Core Ultra 200V (Lunar Lake)',
  5010: 'Core Ultra 3 (Panther Lake)',
};

/** Tokens of a row. Static shapes have one row, as an NPU gains nothing from more. */
export const BUCKETS = [32, 128, 512];

/** Every graph at this one; at the others too with `--full`. */
export const BUCKET = 128;

/**
 * What the compiler refuses, and by which of its messages. Anything else that fails, and anything here that compiles after
 * all, is a failure of the test.
 */
export const REFUSED = [
  {
    why: 'several key heads, but few (2 or 3; 8 compile), which groups of query heads share',
    models: ['qwen3-fused', 'qwen2-causal', 'gemma3-causal'],
    platforms: ['3720'],
    message: 'UnrollPermuteDMA Pass failed',
  },
];

/**
 * @typedef {object} Case
 * @property {string} model
 * @property {string} type       `model_type`
 * @property {string} precision  of the graph: f16, int8 or int8-static
 * @property {number} width      tokens
 * @property {string} platform
 * @property {boolean} asked     the plugin is asked which operations it takes; else it has to take all
 * @property {string} graph      .xml
 */

/**
 * @param {import('./models.mjs').NpuModel[]} models
 * @param {{ buckets: number[], platforms?: string[] }} choice
 * @returns {Case[]}
 */
export function casesOf(models, { buckets, platforms = Object.keys(PLATFORMS) }) {
  return models.flatMap(({ name, type, files }) =>
    platforms.flatMap((platform) => {
      const shared = { model: name, type, platform };
      const compiled = Object.entries(files).flatMap(([precision, graph]) =>
        buckets.map((width) => ({ ...shared, precision, width, asked: false, graph })),
      );
      const asked = { ...shared, precision: 'f16', width: buckets[0], asked: true, graph: files.f16 };
      return [...compiled, asked];
    }),
  );
}

/** @param {Case} wanted @param {string} blob where to write it */
export function jobOf({ graph, platform, width, asked }, blob) {
  return { graph, platform, rows: 1, width, device: asked ? 'HETERO:NPU,CPU' : 'NPU', blob };
}

/**
 * Judges what came out.
 * @param {Case} wanted
 * @param {string | null} problem  of the compiler
 * @param {string} file            of the blob
 * @returns {{ problem: string | null, bytes?: number, refused?: string }}  `refused`: as expected, and why
 */
export function judge(wanted, problem, file) {
  const refusal = REFUSED.find(({ models, platforms }) => {
    return models.includes(wanted.model) && platforms.includes(wanted.platform);
  });
  if (refusal && problem?.includes(refusal.message)) return { problem: null, refused: refusal.why };
  if (refusal && !problem) return { problem: 'it compiles: take it off the list of what is refused' };
  return judgeBlob(wanted, problem, file);
}

function judgeBlob({ platform, width, asked }, problem, file) {
  if (problem) return { problem };
  if (!existsSync(file)) return { problem: 'the compiler reported success but left no file' };
  const content = readFileSync(file);
  try {
    if (asked) checkTakesAll(content);
    else checkNpuBlob(content, { platform, rows: 1, width });
    return { problem: null, bytes: content.length };
  } catch (error) {
    return { problem: error.message };
  }
}

/** What HETERO exports begins with XML that names the device of every part. */
function checkTakesAll(content) {
  const head = content.toString('latin1', 0, content.indexOf('</hetero>') + 1);
  const devices = [...head.matchAll(/<compiled_submodel device="([^"]*)"/g)].map(([, device]) => device);
  if (devices.length === 1 && devices[0] === 'NPU') return;
  throw new Error(`query_model: expected one part, on the NPU; received ${devices.join(', ') || 'none'}`);
}

/**
 * Markdown: for every architecture how many of its graphs compiled, and below why others did not.
 * @param {(Case & ReturnType<typeof judge>)[]} outcomes
 */
export function tableOf(outcomes) {
  const platforms = [...new Set(outcomes.map(({ platform }) => platform))];
  const types = [...new Set(outcomes.map(({ type }) => type))];
  const rows = types.map((type) => {
    const own = outcomes.filter((outcome) => outcome.type === type);
    const models = [...new Set(own.map(({ model }) => model))];
    return [type, models.join(', '), ...platforms.map((platform) => ratio(own.filter((o) => o.platform === platform)))];
  });
  const lines = [['architecture', 'configurations', ...platforms], Array(platforms.length + 2).fill('---'), ...rows];
  const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const others = outcomes.filter((outcome) => !hasCompiled(outcome));
  const reasons = others.map((o) => `- ${describe(o)}: ${o.problem ?? `refused: ${o.refused}`}`);
  return reasons.length > 0 ? `${table}\n\n${reasons.join('\n')}` : table;
}

function ratio(outcomes) {
  return `${outcomes.filter(hasCompiled).length} of ${outcomes.length}`;
}

const hasCompiled = ({ problem, refused }) => problem === null && refused === undefined;

/** @param {Case} wanted */
export function describe({ model, precision, width, platform, asked }) {
  return `${model} ${precision} [1, ${width}] ${platform}${asked ? ' query' : ''}`;
}
