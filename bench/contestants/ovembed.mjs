/** ovembed through its public interface, as a user calls it: one call for all texts, every option at its default. */
import { createRequire } from 'node:module';

/** @type {import('../contestants.mjs').Load} */
export async function load(folders, { precision }) {
  const { Embedder } = createRequire(import.meta.url)('ovembed');
  const embedder = await Embedder.load(folders.model, { precision });
  const { precision: chosen, streams, threads } = embedder.info;
  return {
    setup: { precision: chosen, streams, threads },
    embed: (texts) => embedder.embedDocuments(texts),
    embedQuery: (text) => embedder.embedQuery(text),
    rows: (embeddings) => [...embeddings],
    close: () => embedder.close(),
  };
}
