/**
 * node examples/workers.mjs [workers]: several worker threads, each with an Embedder of its own, share one compiled model, so
 * another worker costs its own JavaScript heap and no second set of weights.
 *
 * Workers are for the JavaScript around embedding (parsing, cleaning): the embedding itself never runs on a JavaScript
 * thread, so one thread already keeps the device busy.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Embedder } from 'ovembed';

if (isMainThread) await main(Number(process.argv[2] ?? 4));
else await work(workerData);

async function main(count) {
  const texts = ['Oil the chain after rain.', 'The soup is served at eight.', 'A spoke has broken.', 'Lock the frame.'];
  const embedder = await Embedder.load();
  const expected = await embedder.embedDocuments(texts);
  const workers = [];
  for (let i = 1; i <= count; i++) {
    const before = process.memoryUsage.rss();
    const worker = new Worker(new URL(import.meta.url), { workerData: texts });
    workers.push(worker);
    const [{ ms, data }] = await once(worker, 'message'); // rejects with what the worker throws
    const megabytes = ((process.memoryUsage.rss() - before) / 1e6).toFixed(0);
    const bits = Buffer.from(data.buffer).equals(Buffer.from(expected.data.buffer)) ? 'the same bits' : 'OTHER BITS';
    console.log(`worker ${i}: loaded in ${ms} ms, ${megabytes} MB more, ${bits}`);
  }
  for (const worker of workers) worker.postMessage('stop');
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  await embedder.close();
}

async function work(texts) {
  const start = performance.now();
  const embedder = await Embedder.load();
  const ms = Math.round(performance.now() - start);
  const { data } = await embedder.embedDocuments(texts);
  parentPort.postMessage({ ms, data }, [data.buffer]); // moved, not copied
  await once(parentPort, 'message');
  await embedder.close();
  parentPort.close();
}
