/**
 * Breaks where neighbouring sentences part, after Kamradt's "5 Levels of Text Splitting" as LangChain (SemanticChunker) and
 * LlamaIndex (SemanticSplitterNodeParser) have it: every sentence is embedded with the one in front and the one behind, and
 * a chunk ends where the distance (1 - cosine) to the next is above a percentile of all distances.
 */
import { cosine } from '../../../vectors/similarity.js';
import { collect } from '../collect.js';
import type { ChunkEmbedder } from '../options.js';
import { sentences } from '../sentences.js';
import { at, spaces, words } from '../splitters.js';
import type { Strategy, StrategyContext } from '../strategy.js';

const DEFAULT_PERCENTILE = 95;
/** Sentences that are embedded in one call. */
const BATCH = 256;

export const semantic: Strategy = async (context) => {
  const { text, options, call } = context;
  const { locale, breakpointPercentile = DEFAULT_PERCENTILE } = options;
  const starts = [0, ...(await collect(sentences(locale)(text, 0, text.length), call.signal))];
  const distances = await distancesOf(context, starts);
  const threshold = percentile(distances, breakpointPercentile);
  const breaks = starts.filter((_, i) => i > 0 && (distances[i - 1] as number) > threshold);
  return { splitters: [at(breaks), at(starts.slice(1)), spaces, words(locale)], hard: 1, overlap: 1 };
};

/** From each sentence to the next. */
async function distancesOf(context: StrategyContext, starts: readonly number[]): Promise<Float64Array> {
  const { text, embedder, options, call } = context;
  const distances = new Float64Array(Math.max(0, starts.length - 1));
  if (distances.length === 0) return distances;
  const { prompt, promptName, inputType = 'document' } = options;
  const chosen = { inputType, ...(prompt === undefined ? {} : { prompt }), ...(promptName ? { promptName } : {}) };
  let last: Float32Array | undefined;
  for (let first = 0; first < starts.length; first += BATCH) {
    const batch = starts.slice(first, first + BATCH);
    const texts = batch.map((_, i) => text.slice(starts[Math.max(0, first + i - 1)], starts[first + i + 2]));
    const limits = call.signal ? { signal: call.signal } : {};
    const embed = (embedder as Required<ChunkEmbedder>).embed.bind(embedder);
    const { data, dimensions } = await embed(texts, { ...chosen, truncate: 'end', ...limits });
    for (let i = 0; i < batch.length; i++) {
      const vector = data.subarray(i * dimensions, (i + 1) * dimensions);
      if (last) distances[first + i - 1] = 1 - cosine(last, vector);
      last = vector;
    }
  }
  return distances;
}

/** Between the two nearest values, as numpy does. */
function percentile(values: Float64Array, percent: number): number {
  const sorted = values.slice().sort();
  const place = (percent / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? 0;
  return low + (high - low) * (place - Math.floor(place));
}
