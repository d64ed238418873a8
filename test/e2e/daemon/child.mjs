/** A process that loads a model and is told on stdin what to do with it; answers are lines of JSON. */
import { createInterface } from 'node:readline';
import { Embedder } from '../../../dist/index.mjs';

const [, , model, given, address] = process.argv;
const said = [];
const log = (message) => said.push(message);
const logger = { debug() {}, info: log, warn: log, error: log };
const options = JSON.parse(given);
const embedder =
  address === undefined
    ? await Embedder.load(model, { ...options, logger })
    : await Embedder.connect(address, options).catch((error) => answer({ code: error.code }));

function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const hasRuntime = () => process.report.getReport().sharedObjects.some((path) => path.includes('openvino'));

await embedder.embedQuery('the river runs');
global.gc();
answer({
  kind: embedder.constructor.name,
  said,
  hasRuntime: hasRuntime(),
  megabytes: process.memoryUsage.rss() / 1e6,
});

for await (const line of createInterface({ input: process.stdin })) {
  const texts = Array.from({ length: Number(line) }, (_, i) => `text ${i} about mills`);
  const started = performance.now();
  const outcome = await embedder.embed(texts).then(
    ({ length, data }) => ({ length, sum: data.reduce((sum, value, i) => sum + value * ((i % 97) + 1), 0) }),
    ({ code, message }) => ({ code, message }),
  );
  answer({ ...outcome, ms: performance.now() - started });
}
