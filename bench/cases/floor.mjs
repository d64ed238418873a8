/**
 * A single short query beside the bare runtime on the query's own shape, in turns: dynamic shapes with one stream and all
 * threads, and a model reshaped to that shape. The faster of the two is the floor.
 */
import { BareInference, splitRows } from '../bare.mjs';
import { loadContestant } from '../contestants.mjs';
import { QUERY } from '../corpus.mjs';
import { encodeOptions, models, native } from '../internals.mjs';
import { median } from '../statistics.mjs';
import { timeEach } from '../timing.mjs';

const WARM_UP = 30;
const BUCKET = 16;

/**
 * @param {import('../processes.mjs').Job} job `repeats` turns, `queries` in all for each
 * @returns median milliseconds of every turn
 */
export async function run(job) {
  const engine = await loadContestant(job);
  const programs = await barePrograms(job, engine.setup.precision);
  const contestants = {
    ovembed: (count) => timeEach(count, () => engine.embedQuery(QUERY)),
    dynamic: (count) => programs.dynamic.time(count),
    static: (count) => programs.static.time(count),
  };
  const turns = [];
  for (let turn = 0; turn < job.repeats; turn++) {
    const medians = {};
    for (const [name, time] of Object.entries(contestants)) {
      await time(WARM_UP);
      medians[name] = median(await time(Math.ceil(job.queries / job.repeats)));
    }
    turns.push(medians);
  }
  await Promise.all([engine.close(), programs.dynamic.close(), programs.static.close()]);
  return turns;
}

async function barePrograms({ folders }, precision) {
  const addon = native();
  const spec = await models().readModelFolder(folders.model);
  const tokenizer = await addon.loadTokenizer({ file: spec.tokenizerFile });
  const encoding = await tokenizer.encode([QUERY], encodeOptions(spec));
  const width = Math.ceil(encoding.lengths[0] / BUCKET) * BUCKET;
  const options = { source: spec.sources[0], precision, streams: 1, threads: addon.availableCpus() };
  const programs = {
    dynamic: new BareInference(options),
    static: new BareInference({ ...options, shape: { rows: 1, width } }),
  };
  for (const program of Object.values(programs)) await program.take([{ rows: [0], width }], splitRows(encoding));
  return programs;
}
