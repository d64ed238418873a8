/**
 * Our graph beside the one traced from PyTorch, in the same program, on the same batches, in turns. Without `--python` the
 * peers' ONNX file takes the place of the traced one: it has the operators of an export, but is none.
 */
import { join } from 'node:path';
import { BareInference, planBatches, splitRows } from '../bare.mjs';
import { makeCorpus } from '../corpus.mjs';
import { encodeOptions, models, native } from '../internals.mjs';

/**
 * @param {import('../processes.mjs').Job} job `variant` of the ceiling, `texts`, `repeats` of both
 * @returns {Promise<{ kind: string, turns: { ours: number, other: number }[] }>} seconds
 */
export async function run({ folders, variant, repeats, ...corpus }) {
  const addon = native();
  const spec = await models().readModelFolder(folders.model);
  const tokenizer = await addon.loadTokenizer({ file: spec.tokenizerFile });
  const encoding = await tokenizer.encode(makeCorpus(corpus).slice(0, corpus.texts), encodeOptions(spec));
  const batches = planBatches(encoding.lengths, variant.bucket, variant.budget);
  const options = { precision: variant.precision, streams: variant.streams, threads: addon.availableCpus() };
  const { kind, source } = otherGraph(folders);
  const ours = new BareInference({ ...options, source: spec.sources[0] });
  const other = new BareInference({ ...options, source });
  for (const program of [ours, other]) {
    await program.take(batches, splitRows(encoding));
    await program.run();
  }
  const turns = [];
  for (let i = 0; i < repeats; i++) turns.push({ ours: await ours.run(), other: await other.run() });
  await Promise.all([ours.close(), other.close()]);
  return { kind, turns };
}

function otherGraph({ python, peers }) {
  if (python) return { kind: 'traced', source: { kind: 'openvino', file: join(python.models, 'openvino_model.xml') } };
  if (peers) return { kind: 'onnx', source: { kind: 'onnx', file: join(peers, 'onnx', 'model.onnx') } };
  throw new Error('neither the ONNX file of the peers nor the graph traced from PyTorch (--python) is there');
}
