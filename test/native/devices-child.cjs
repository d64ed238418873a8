/**
 * Keeps a chain of devices under a load while faults are injected, and prints what became of the requests as one line of
 * JSON. The first of the devices is the one that fails; the CPU, which does not, says what the vectors have to be.
 */
const [folder, model, cacheDir, given] = process.argv.slice(2);
const { Embedder } = require(folder);

/**
 * @type {{ device?: string[], distribute?: string[], fallback: object, options: object, load: 'idle' | 'bulk' | 'mixed',
 *   readers: number, ms: number }}
 */
const { device, distribute, fallback, options, load, readers, ms } = JSON.parse(given);

const TEXTS = Array.from({ length: 200 }, (_, i) => `text ${i} ${'of the sea '.repeat(i % 9)}`);
const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

const tally = { requests: 0, lost: 0, duplicated: 0, wrong: 0, codes: {}, queryMs: [], ranOn: {} };

function isWrong(vector, expected) {
  let [dot, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    dot += vector[i] * expected[i];
    norm += vector[i] * vector[i];
  }
  return !(dot / Math.sqrt(norm) > 0.9999);
}

function lost(count, error) {
  tally.lost += count;
  tally.codes[error.code ?? error.message] = (tally.codes[error.code ?? error.message] ?? 0) + count;
}

async function query(embedder, expected, i) {
  const started = performance.now();
  tally.requests++;
  try {
    const { data, metadata } = await embedder.embed([TEXTS[i]], { priority: 'interactive', queueTimeoutMs: 0 });
    for (const name of metadata.devices) tally.ranOn[name] = (tally.ranOn[name] ?? 0) + 1;
    if (isWrong(data, expected[i])) tally.wrong++;
  } catch (error) {
    lost(1, error);
  }
  tally.queryMs.push(performance.now() - started);
}

/** Every index has to come once. */
async function bulk(embedder, expected) {
  const seen = new Uint8Array(TEXTS.length);
  tally.requests += TEXTS.length;
  try {
    for await (const { index, embedding } of embedder.stream(TEXTS, { ordered: false, batchSize: 50 })) {
      if (seen[index]++) tally.duplicated++;
      if (isWrong(embedding, expected[index])) tally.wrong++;
    }
    lostUnlessSeen(seen, new Error('not delivered'));
  } catch (error) {
    lostUnlessSeen(seen, error);
  }
}

function lostUnlessSeen(seen, error) {
  const missing = seen.filter((times) => times === 0).length;
  if (missing > 0) lost(missing, error);
}

async function main() {
  const plain = { precision: 'f32', performance: 'throughput', cacheDir, ...options };
  const reference = await Embedder.load(model, { ...plain, device: 'CPU', fallback: false });
  const expected = [...(await reference.embed(TEXTS))].map((vector) => vector.slice());
  await reference.close();

  const events = [];
  const started = performance.now();
  const logger = { debug() {}, info() {}, error() {}, warn() {} };
  const embedder = await Embedder.load(model, { ...plain, device, distribute, fallback, logger, batchTokens: 256 });
  const loadMs = performance.now() - started;
  const began = performance.now();
  for (const name of ['fallback', 'degraded', 'recovered']) {
    embedder.on(name, (event) => events.push({ name, at: performance.now() - began, ...event }));
  }
  const devicesAtFirst = embedder.info.devices;
  const until = began + ms;
  const queries = async () => {
    for (let i = 0; performance.now() < until; i = (i + 1) % TEXTS.length) {
      await query(embedder, expected, i);
      await sleep(10);
    }
  };
  const lists = async () => {
    while (performance.now() < until) await bulk(embedder, expected);
  };
  await Promise.all([load !== 'bulk' && queries(), ...Array.from({ length: load === 'idle' ? 0 : readers }, lists)]);
  const tookMs = performance.now() - began;
  const { devices } = embedder.info;
  const { fallbacks } = embedder.metrics();
  await embedder.close();
  return { ...tally, tookMs, events, loadMs, devicesAtFirst, devices, fallbacks };
}

void main()
  .catch((error) => ({ code: error.code, message: error.message, cause: String(error.cause?.message) }))
  .then((result) => console.log(JSON.stringify(result)));
