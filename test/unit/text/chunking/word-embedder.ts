/** An embedder whose tokens are words and signs, so that what a chunk holds can be counted by hand. */
import type { ChunkEmbedder } from '../../../../lib/text/index.js';

const TOKEN = /[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;

/**
 * Two special tokens around every text. A vector tells which of some topics a text speaks of.
 * @param topics words
 */
export function wordEmbedder({ maxTokens = 512, prompts = { query: '', document: '' }, topics = [] as string[] } = {}) {
  const calls = { tokenize: 0, countTokens: 0, counted: 0, embed: 0 };
  const embedder: ChunkEmbedder & { calls: typeof calls } = {
    calls,
    info: { maxTokens, prompts },
    tokenize: async (texts) => {
      calls.tokenize++;
      return texts.map((text) => {
        const offsets = Array.from(text.matchAll(TOKEN), (match) => [match.index, match.index + match[0].length]);
        return { offsets: Uint32Array.from(offsets.flat()) };
      });
    },
    countTokens: async (texts) => {
      calls.countTokens++;
      calls.counted += texts.length;
      return Uint32Array.from(texts, (text) => 2 + (text.match(TOKEN)?.length ?? 0));
    },
    embed: async (texts) => {
      calls.embed++;
      const rows = texts.map((text) => topics.map((topic) => text.split(topic).length - 1 + 0.01));
      return { data: Float32Array.from(rows.flat()), dimensions: topics.length };
    },
  };
  return embedder;
}
