/** ovembed through its public interface, as a user calls it: one call for all texts, every option at its default. */
import { createRequire } from 'node:module';

/**
 * `embedder` is for the cases that need more than every contestant has.
 * @type {import('../contestants.mjs').Load}
 */
export async function load(folders, options) {
  const { Embedder } = createRequire(import.meta.url)('ovembed');
  const embedder = await Embedder.load(folders.model, options);
  const { precision, streams, threads } = embedder.info;
  return {
    embedder,
    setup: { precision, streams, threads },
    embed: (texts) => embedder.embedDocuments(texts),
    embedQuery: (text) => embedder.embedQuery(text),
    rows: (embeddings) => [...embeddings],
    close: () => embedder.close(),
  };
}
