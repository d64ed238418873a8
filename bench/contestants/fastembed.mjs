/**
 * fastembed-js with a model of the user's own. `embed` and not `passageEmbed`: that would put "passage: " before every
 * text, and the contestants would not have the same texts.
 */
import { requirePeer } from '../peers.mjs';

/** @type {import('../contestants.mjs').Load} */
export async function load(folders, { batchSize }) {
  const { EmbeddingModel, FlagEmbedding } = requirePeer('fastembed');
  const model = await FlagEmbedding.init({
    model: EmbeddingModel.CUSTOM,
    modelAbsoluteDirPath: folders.peers,
    modelName: 'onnx/model.onnx',
  });
  return {
    setup: {},
    async embed(texts) {
      const rows = [];
      for await (const batch of model.embed(texts, batchSize)) rows.push(...batch);
      return rows;
    },
    async embedQuery(text) {
      return (await model.embed([text], 1).next()).value[0];
    },
    rows: (rows) => rows,
    // It has no way to free a model.
    async close() {},
  };
}
