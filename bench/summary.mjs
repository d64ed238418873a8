/** From the raw figures of all rounds to the rows of the report. */
import { summarise } from './statistics.mjs';

/**
 * @param {object} entry a contestant with its rounds; see orchestrate.mjs
 * @param {number[]} tokens per text of the corpus
 */
export function summariseEntry({ contestant, failure, variant, firstStart, sweep, texts, rounds, cosine }, tokens) {
  const { id, name, module } = contestant;
  if (failure !== null) return { id, name, module, failure };
  const over = (pick) => summarise(rounds.map(pick));
  const eventLoop = (instrument) => ({
    p99: over(({ throughput }) => throughput.eventLoop[instrument].p99),
    max: over(({ throughput }) => throughput.eventLoop[instrument].max),
  });
  return {
    id,
    name,
    module,
    failure,
    variant,
    setup: firstStart.setup,
    sweep,
    texts,
    tokensPerSecond: over(({ throughput }) => tokensOf(tokens, texts) / throughput.seconds),
    textsPerSecond: over(({ throughput }) => texts / throughput.seconds),
    eventLoop: { monitor: eventLoop('monitor'), ping: eventLoop('ping') },
    rss: { peak: over(({ throughput }) => throughput.rss.peak), after: over(({ throughput }) => throughput.rss.after) },
    latency: {
      p50: over(({ latency }) => latency.p50),
      p95: over(({ latency }) => latency.p95),
      p99: over(({ latency }) => latency.p99),
    },
    load: { loaded: over(({ load }) => load.loaded), firstVector: over(({ load }) => load.firstVector) },
    firstStart,
    cosine,
    rounds,
  };
}

/** Tokens of the first `texts` texts. */
export function tokensOf(tokens, texts) {
  return tokens.slice(0, texts).reduce((sum, count) => sum + count, 0);
}
