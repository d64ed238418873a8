/** node indexing-child.mjs <model> <source> <sink>: indexes with a checkpoint every few milliseconds, to be killed at any of them. */
import { Embedder } from '../../../dist/index.mjs';
import { indexCorpus } from '../../../dist/text/index.mjs';

const [model, source, sink] = process.argv.slice(2);
const embedder = await Embedder.load(model);
let told = false;
const report = await indexCorpus(embedder, {
  ...{ source, sink, chunk: { maxTokens: 16 }, onError: 'collect', checkpointEveryMs: 20 },
  onProgress: () => {
    if (!told) process.stdout.write('begun\n');
    told = true;
  },
});
await embedder.close();
const { chunks, documents, duplicates, failed, tokens, filtered } = report;
process.stdout.write(`${JSON.stringify({ chunks, documents, duplicates, failed, tokens, filtered })}\n`);
