/** transformers.js: its feature-extraction pipeline with mean pooling and normalisation, on onnxruntime-node. */
import { basename, dirname } from 'node:path';
import { requirePeer } from '../peers.mjs';

/** @type {import('../contestants.mjs').Load} */
export async function load(folders, { dtype, batchSize }) {
  const { env, pipeline } = requirePeer('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folders.peers);
  const extract = await pipeline('feature-extraction', basename(folders.peers), { dtype, device: 'cpu' });
  const embedBatch = (texts) => extract(texts, { pooling: 'mean', normalize: true });
  return {
    setup: {},
    async embed(texts) {
      const tensors = [];
      for (let i = 0; i < texts.length; i += batchSize) tensors.push(await embedBatch(texts.slice(i, i + batchSize)));
      return tensors;
    },
    embedQuery: embedBatch,
    rows: (tensors) => tensors.flatMap(rowsOf),
    close: () => extract.dispose(),
  };
}

function rowsOf({ data, dims: [count, width] }) {
  return Array.from({ length: count }, (_, row) => data.subarray(row * width, (row + 1) * width));
}
