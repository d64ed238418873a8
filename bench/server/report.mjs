/** The report of the server's bench, as sections (report/sections.mjs). */
import { decimals, integer, megabytes, spread } from '../report/format.mjs';
import { barsSection } from '../report/sections.mjs';
import { summarise } from '../statistics.mjs';

const one = decimals(1);
const two = decimals(2);

/** @returns {import('../report/sections.mjs').Section[]} */
export function sectionsOf({ date, machine, options, results, bars }) {
  const { latency, load, slow, lists, infinity } = results;
  return [
    environment(date, machine, options),
    barsSection({ bars }),
    latency && queries(latency),
    load && capacity(load),
    load && stages(load),
    slow && slowClients(slow),
    lists && listTurns(lists),
    infinity && peers(infinity),
  ].filter(Boolean);
}

function environment(date, machine, { quick, texts }) {
  const busy = machine.loadBefore > 0.5 ? ' (the machine was not idle)' : '';
  return {
    title: 'Run',
    notes: [
      `${date}; ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.system}, Node ${machine.node}`,
      `instruction sets: ${machine.flags?.join(', ') ?? 'not known on this system'}`,
      `load average before the start: ${machine.loadBefore.toFixed(2)}${busy}`,
      `texts of requests: ${texts}; clients on the same machine`,
      ...(quick ? ['--quick: these figures show that the bench runs, and no more'] : []),
    ],
  };
}

function queries(turns) {
  const all = (of, q) => spread(summarise(turns.map((turn) => turn[of][q])), two);
  const row = (name, of) => [name, all(of, 'p50'), all(of, 'p99')];
  return {
    title: 'One query after another',
    text: `${turns.length} turns: their median, least and most.`,
    table: {
      header: ['', 'p50, ms', 'p99, ms'],
      rows: [row('over loopback', 'http'), row('in a process', 'library')],
    },
  };
}

function capacity({ capacity: { tried } }) {
  return {
    title: 'Capacity: clients that ask again at once, one text a request',
    table: {
      header: [
        'clients',
        'answered/s',
        'p50 / p99, ms',
        'refused',
        'loop delay p99, ms',
        'CPUs of server / clients / all / stolen',
      ],
      rows: tried.map(({ clients, throughput, accepted, refused, server, driverCpu }) => [
        String(clients),
        integer(throughput),
        `${one(accepted.p50)} / ${one(accepted.p99)}`,
        integer(refused.count),
        one(server.loop.p99),
        cpusOf(server, driverCpu),
      ]),
    },
  };
}

/** What is neither of the server nor of its clients should be next to nothing. */
const cpusOf = ({ cpus, machineCpus }, driverCpu) => [cpus, driverCpu, ...machineCpus].map(two).join(' / ');

function stages({ stages: rows }) {
  const pair = ({ count, p50, p99 }) => (count > 0 ? `${one(p50)} / ${one(p99)}` : '–');
  return {
    title: 'Constant arrival, one text a request',
    text: 'Times count from when a request was due. Lateness is how long after that the clients sent it.',
    table: {
      header: [
        'stage',
        'due/s',
        'answered/s',
        'p50 / p99, ms',
        'refused',
        'p50 / p99, ms',
        'failed',
        'loop delay p99 / max, ms',
        'RSS peak, MB',
        'CPUs of server / clients / all / stolen',
        'lateness p99, ms',
      ],
      rows: rows.map(({ name, seconds, rate, throughput, accepted, refused, failed, server, driverCpu, lateness }) => [
        `${name}, ${seconds} s`,
        integer(rate),
        integer(throughput),
        pair(accepted),
        integer(refused.count),
        pair(refused),
        integer(failed),
        `${one(server.loop.p99)} / ${one(server.loop.max)}`,
        megabytes(server.rssPeak),
        cpusOf(server, driverCpu),
        one(lateness.p99),
      ]),
    },
  };
}

function slowClients({ clients, alone, beside }) {
  const row = (name, { accepted, refused, failed }) => [
    name,
    `${one(accepted.p50)} / ${one(accepted.p99)}`,
    integer(refused.count + failed),
  ];
  return {
    title: 'Half of capacity beside slow connections',
    table: {
      header: ['', 'p50 / p99, ms', 'not answered'],
      rows: [row('alone', alone), row(`beside ${clients} that send a byte a second`, beside)],
    },
  };
}

function listTurns(turns) {
  return {
    title: 'Lists of 32 texts, 4 at once',
    table: {
      header: ['turn', 'base64, lists/s', 'floats', 'in a process', 'loop delay p99 / max, ms: base64', 'floats'],
      rows: turns.map(({ http, floats, library }, i) => [
        String(i + 1),
        one(http.throughput),
        one(floats.throughput),
        one(library.throughput),
        ...[http, floats].map(({ server: { loop } }) => `${one(loop.p99)} / ${one(loop.max)}`),
      ]),
    },
  };
}

function peers({ ours, int8, theirs }) {
  const row = (name, { query, loads }, i) => [
    name,
    String(i + 1),
    two(query.p50),
    two(query.p99),
    ...loads.map(({ textsPerSecond }) => integer(textsPerSecond)),
  ];
  const titles = ours.turns[0].loads.map(({ texts, clients }) => `texts/s: ${texts} a request, ${clients} clients`);
  return {
    title: 'Beside infinity-emb',
    table: {
      header: ['server', 'turn', 'query p50, ms', 'p99, ms', ...titles],
      rows: [ours, int8, ...theirs].flatMap(({ name, turns }) => turns.map((turn, i) => row(name, turn, i))),
    },
  };
}
