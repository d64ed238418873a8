/** node use.mjs MODEL   uses the installed package in each way that Node can load it; prints what each gave, as JSON. */
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Embedder } from 'ovembed';

async function embed(Class, model) {
  const embedder = await Class.load(model, { precision: 'f32' });
  const vector = await embedder.embedQuery('the river runs past the old mill');
  await embedder.close();
  return [...vector.slice(0, 4)];
}

if (isMainThread) {
  const model = process.argv[2];
  const imported = await embed(Embedder, model);
  const required = await embed(createRequire(import.meta.url)('ovembed').Embedder, model);
  const worker = new Worker(new URL(import.meta.url), { workerData: { model } });
  const inWorker = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  const { sharedObjects } = process.report.getReport();
  const libraries = sharedObjects.filter((file) => /ovembed|openvino|tbb/.test(file));
  console.log(JSON.stringify({ imported, required, inWorker, libraries }));
} else {
  parentPort.postMessage(await embed(Embedder, workerData.model));
}
