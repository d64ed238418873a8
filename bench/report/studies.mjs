/** One section per study. */
import { median } from '../statistics.mjs';
import { decimals, firstLine, integer, megabytes } from './format.mjs';

const two = decimals(2);
const three = decimals(3);

export function studySections(report) {
  return Object.entries(sections)
    .filter(([id]) => report.studies[id]?.length > 0)
    .map(([id, section]) => {
      const rows = report.studies[id];
      const measured = rows.filter(({ failure }) => !failure);
      const failed = rows.filter(({ failure }) => failure);
      const notes = failed.map(
        ({ name, label, failure }) => `${[name, label].filter(Boolean).join(', ')}: cannot run: ${firstLine(failure)}`,
      );
      return { ...section(measured, report), notes };
    });
}

const sections = {
  classes,
  callers,
  'bulk-queries': bulkQueries,
  floor,
  graphs,
  sweep,
  caches,
  conversion,
  memory,
  growth,
  search,
};

function classes(rows, { corpus: { classTokens }, contestants }) {
  const cosineOf = ({ id }) => contestants.find((contestant) => contestant.id === id)?.cosine?.min.toFixed(6) ?? '–';
  const names = Object.keys(classTokens);
  const tokensPerSecond = ({ rounds }, name) => rounds[0][name].textsPerSecond * classTokens[name];
  const titles = names.map((name) => `${name}, mean ${integer(classTokens[name])} tokens`);
  return {
    title: 'Length classes',
    text: 'One call for a list of texts of one class, once; the number of texts depends on the speed.',
    table: {
      header: ['contestant', ...titles.flatMap((title) => [`${title}: tokens/s`, 'texts/s']), 'cosine min'],
      rows: rows.map((row) => [
        row.name,
        ...names.flatMap((name) => [integer(tokensPerSecond(row, name)), integer(row.rounds[0][name].textsPerSecond)]),
        cosineOf(row),
      ]),
    },
    charts: names.map((name, i) => ({
      kind: 'bars',
      title: `Throughput, ${titles[i]}`,
      unit: 'tokens/s',
      items: rows.map((row) => ({ label: row.name, value: tokensPerSecond(row, name) })),
    })),
  };
}

function callers(rows) {
  const levelsOf = ({ rounds }) =>
    rounds[0][0].levels.map(({ callers: count }, i) => {
      const over = (pick) => median(rounds[0].map((repeat) => pick(repeat.levels[i], repeat)));
      return {
        callers: count,
        textsPerSecond: over((level) => level.textsPerSecond),
        share: over((level, { list }) => level.textsPerSecond / list),
        p50: over(({ p50 }) => p50),
        p99: over(({ p99 }) => p99),
      };
    });
  const line = (pick) =>
    rows.map((row) => ({
      name: row.name,
      points: levelsOf(row).map((level) => ({ x: level.callers, y: pick(level) })),
    }));
  return {
    title: 'Concurrent callers',
    text: 'Each caller asks for the vector of one text, and for the next as soon as it has the last.',
    table: {
      header: ['contestant', 'callers', 'texts/s', '÷ one list call', 'p50 of a call, ms', 'p99, ms'],
      rows: rows.flatMap((row) =>
        levelsOf(row).map(({ callers: count, textsPerSecond, share, p50, p99 }) => [
          row.name,
          integer(count),
          integer(textsPerSecond),
          two(share),
          two(p50),
          two(p99),
        ]),
      ),
    },
    charts: [
      chart(
        'Throughput',
        'callers',
        'texts/s',
        line(({ textsPerSecond }) => textsPerSecond),
        { logX: true },
      ),
      chart(
        'p99 of a call',
        'callers',
        'ms',
        line(({ p99 }) => p99),
        { logX: true },
      ),
    ],
  };
}

function bulkQueries(rows) {
  const figures = ({ rounds }) => {
    const over = (pick) => median(rounds.map(pick));
    return [
      two(over(({ idle }) => idle.p50)),
      two(over(({ idle }) => idle.p99)),
      two(over(({ loaded }) => loaded.p50)),
      two(over(({ loaded }) => loaded.p99)),
      two(over(({ loaded, idle }) => loaded.p99 / idle.p99)),
      two(over(({ batchMs }) => batchMs)),
      integer(rounds.reduce((sum, { queries }) => sum + queries, 0)),
      integer(rounds.reduce((sum, { refused }) => sum + refused, 0)),
    ];
  };
  const level = (pick) => median(rows.flatMap(({ rounds }) => rounds.map(pick)));
  const items =
    rows.length === 0
      ? []
      : [
          { label: 'idle, p50', value: level(({ idle }) => idle.p50) },
          { label: 'idle, p99', value: level(({ idle }) => idle.p99) },
          { label: 'under bulk, p50', value: level(({ loaded }) => loaded.p50) },
          { label: 'under bulk, p99', value: level(({ loaded }) => loaded.p99) },
          { label: 'one bulk batch, mean', value: level(({ batchMs }) => batchMs) },
        ];
  return {
    title: 'Queries under bulk',
    text: 'Queries come one after another with random pauses, first alone, then while two lists saturate the device.',
    table: {
      header: [
        'contestant',
        'idle p50, ms',
        'idle p99, ms',
        'under bulk p50, ms',
        'under bulk p99, ms',
        'p99 ÷ idle',
        'a bulk batch, ms',
        'queries',
        'refused',
      ],
      rows: rows.map((row) => [row.name, ...figures(row)]),
    },
    charts: [{ kind: 'bars', title: 'A query, idle and under bulk', unit: 'ms', items }],
  };
}

function floor(rows) {
  const over = ({ rounds }, pick) => median(rounds[0].map(pick));
  return {
    title: 'Single query beside the bare runtime',
    text: 'The bare runtime infers the one batch of the query: no tokenising, pooling or crossing. Medians of the turns.',
    table: {
      header: ['contestant', 'p50, ms', 'bare, dynamic shape, ms', 'bare, static shape, ms', '÷ the faster'],
      rows: rows.map((row) => [
        row.name,
        three(over(row, (turn) => turn.ovembed)),
        three(over(row, (turn) => turn.dynamic)),
        three(over(row, (turn) => turn.static)),
        two(over(row, (turn) => turn.ovembed / Math.min(turn.dynamic, turn.static))),
      ]),
    },
  };
}

function conversion(rows) {
  const turns = rows.flatMap(({ rounds }) => rounds[0]);
  const over = (name) => median(turns.map((turn) => turn[name]));
  return {
    title: 'Vectors in other element types',
    text: 'One thread, a matrix larger than the L2 cache. GB of float32 per second; medians of the turns.',
    table: {
      header: ['conversion', 'GB/s', '÷ memcpy'],
      rows: Object.keys(turns[0]).map((name) => [name, two(over(name)), two(over(name) / over('memcpy'))]),
    },
  };
}

function graphs(rows) {
  const kinds = { traced: 'traced from PyTorch', onnx: 'ONNX file of the peers' };
  const over = ({ rounds }, pick) => median(rounds[0].turns.map(pick));
  return {
    title: 'Our graph beside another, bare',
    text: 'Both run the same batches in the same program.',
    table: {
      header: ['other graph', 'ours, s', 'other, s', 'speed of ours ÷ other'],
      rows: rows.map((row) => [
        kinds[row.rounds[0].kind],
        two(over(row, ({ ours }) => ours)),
        two(over(row, ({ other }) => other)),
        two(over(row, ({ ours, other }) => other / ours)),
      ]),
    },
  };
}

function sweep(rows) {
  const speed = ({ job, rounds }) => job.texts / rounds[0].seconds;
  return {
    title: "ovembed's batches",
    text: 'Widths of buckets and tokens of a batch, each once, on a part of the mixed corpus.',
    table: { header: ['set-up', 'texts/s'], rows: rows.map((row) => [row.label, integer(speed(row))]) },
    charts: [
      {
        kind: 'bars',
        title: "ovembed's batches",
        unit: 'texts/s',
        items: rows.map((row) => ({ label: row.label, value: speed(row) })),
      },
    ],
  };
}

function memory(rows) {
  const of = ({ rounds: [{ loaded, passes }] }) => [loaded, ...passes];
  return {
    title: 'Memory over passes',
    text: 'Resident memory, garbage collected: model loaded, then after each pass over the same texts in one process.',
    table: {
      header: ['contestant', 'texts', 'loaded, MB', 'after each pass, MB', 'last ÷ first'],
      rows: rows.map((row) => {
        const [loaded, ...passes] = of(row);
        return [
          row.name,
          integer(row.job.texts),
          megabytes(loaded),
          passes.map(megabytes).join(', '),
          three(passes.at(-1) / passes[0]),
        ];
      }),
    },
    charts: [
      chart(
        'Resident memory',
        'passes',
        'MB',
        rows.map((row) => ({ name: row.name, points: of(row).map((bytes, x) => ({ x, y: bytes / 1e6 })) })),
      ),
    ],
  };
}

function growth(rows) {
  const growthOf = ({ rounds: [{ memory: samples }] }) => (samples.end - samples.baseline) / 1e6;
  return {
    title: 'Growing corpus, streamed',
    text: 'Short texts through stream(), vectors dropped; memory over the largest, garbage collected at both ends.',
    table: {
      header: ['texts', 'seconds per 1,000 texts', 'RSS growth, MB'],
      rows: rows.flatMap((row) =>
        row.rounds[0].timed.map(({ texts, seconds }, i, all) => [
          integer(texts),
          three((seconds / texts) * 1000),
          i === all.length - 1 ? decimals(1)(growthOf(row)) : '–',
        ]),
      ),
    },
    charts: [
      chart(
        'Cost',
        'texts',
        's per 1,000 texts',
        rows.map(({ name, rounds }) => ({
          name,
          points: rounds[0].timed.map(({ texts, seconds }) => ({ x: texts, y: (seconds / texts) * 1000 })),
        })),
        { logX: true },
      ),
      chart(
        'Resident memory while streaming',
        'texts',
        'MB',
        rows.map(({ name, rounds }) => ({
          name,
          points: rounds[0].memory.samples.map(({ texts, rss }) => ({ x: texts, y: rss / 1e6 })),
        })),
      ),
    ],
  };
}

function search(rows) {
  const over = ({ rounds }, pick) => median(rounds[0].turns.map(pick));
  return {
    title: 'Search',
    text: 'The best 10 of all vectors of 384 dimensions, one query after another; medians of the turns.',
    table: {
      header: ['vectors', 'float32, ms', 'NumPy, ms', 'bits, ms', 'float32 ÷ NumPy', 'float32 ÷ bits'],
      rows: rows.map((row) => [
        integer(row.job.rows),
        two(over(row, ({ ovembed }) => ovembed)),
        two(over(row, ({ numpy }) => numpy)),
        two(over(row, ({ bits }) => bits)),
        two(over(row, ({ ovembed, numpy }) => ovembed / numpy)),
        two(over(row, ({ ovembed, bits }) => ovembed / bits)),
      ]),
    },
  };
}

function chart(title, xLabel, yLabel, series, { logX = false } = {}) {
  return { kind: 'lines', title, xLabel, yLabel, series, logX };
}

function caches(rows) {
  const [{ texts, levels, duplicates }] = rows[0].rounds;
  const microseconds = (times) => decimals(1)((median(times) / texts) * 1_000);
  const ratio = (above, below) => decimals(4)(median(above.map((ms, i) => ms / below[i])));
  return {
    title: 'Caches',
    text:
      `One list of ${integer(texts)} texts of a sentence, f32, in turns with an embedder without a cache. Half of a list ` +
      `equal to the other half: ${two(median(duplicates.distinct.map((ms, i) => ms / duplicates.doubled[i])))} × faster.`,
    table: {
      header: ['levels', 'without: µs per text', 'nothing kept: µs', '÷ without', 'all kept: µs', '÷ without'],
      rows: levels.map(({ name, plain, miss, hit }) => [
        name,
        microseconds(plain),
        microseconds(miss),
        ratio(miss, plain),
        microseconds(hit),
        ratio(hit, plain),
      ]),
    },
  };
}
