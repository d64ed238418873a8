/** From the raw figures of all rounds to the rows of the report. */
import { summarise } from './statistics.mjs';

/**
 * @param {object} entry a contestant with its rounds; see orchestrate.mjs
 */
export function summariseEntry({ contestant, failure, variant, firstStart, sweep, texts, rounds, cosine }) {
  const { id, name, module } = contestant;
  if (failure !== null) return { id, name, module, failure };
  return {
    id,
    name,
    module,
    failure,
    variant,
    setup: firstStart.setup,
    sweep,
    texts,
    firstStart,
    cosine,
    ...summariseRounds(rounds, texts),
    rounds,
  };
}

/** Figures of the cases that were measured; those left out by `--cases` are undefined. */
function summariseRounds(rounds, texts) {
  const over = (name, pick) => (rounds[0]?.[name] ? summarise(rounds.map((round) => pick(round[name]))) : undefined);
  const group = (name, picks) =>
    rounds[0]?.[name] && Object.fromEntries(Object.entries(picks).map(([key, pick]) => [key, over(name, pick)]));
  const eventLoop = (instrument) =>
    group('throughput', {
      p99: (result) => result.eventLoop[instrument].p99,
      max: (result) => result.eventLoop[instrument].max,
    });
  return {
    tokensPerSecond: over('throughput', (result) => result.tokensPerSecond),
    textsPerSecond: over('throughput', ({ seconds }) => texts / seconds),
    eventLoop: rounds[0]?.throughput && { monitor: eventLoop('monitor'), ping: eventLoop('ping') },
    rss: group('throughput', { peak: ({ rss }) => rss.peak, after: ({ rss }) => rss.after }),
    latency: group('latency', { p50: ({ p50 }) => p50, p95: ({ p95 }) => p95, p99: ({ p99 }) => p99 }),
    load: group('load', { loaded: ({ loaded }) => loaded, firstVector: ({ firstVector }) => firstVector }),
  };
}

/** Tokens of the first `texts` texts. */
export function tokensOf(tokens, texts) {
  return tokens.slice(0, texts).reduce((sum, count) => sum + count, 0);
}
