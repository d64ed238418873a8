/**
 * One process of lifecycle.test.ts: `node child.cjs SCENARIO MODEL CACHE [MILLISECONDS]`. Each scenario ends the process,
 * or leaves it to end by itself, at some point of the addon's life; the test looks at exit code and signal only.
 */
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { Embedder } = require('../../../dist/index.js');
const { FlatIndex } = require('../../../dist/vectors/index.js');

const [scenario, model, cacheDir, milliseconds = '0'] = isMainThread ? process.argv.slice(2) : workerData;
const texts = Array.from({ length: 400 }, (_, i) => 'the river runs past the old mill '.repeat(1 + (i % 5)));
const load = () => Embedder.load(model, { precision: 'f32', cacheDir });
const later = (action) => setTimeout(action, Number(milliseconds));

/** Works until somebody ends the process. */
async function busy() {
  const embedder = await load();
  for (;;) await embedder.embed(texts);
}

/** Adds and searches until somebody ends the process. */
async function searching() {
  const index = new FlatIndex({ dimensions: 384, metric: 'cosine' });
  const rows = new Float32Array(384 * 1_000).fill(0.5);
  for (;;) {
    if (index.length < 50_000) void index.add(rows);
    await Promise.all(Array.from({ length: 3 }, () => index.search(rows, { k: 5 })));
  }
}

/** Milliseconds from 0 to 119, the same on every run. */
let state = 20_261_123;
function someMoment() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return (state >>> 8) % 120;
}

/** A worker that is terminated at its moment (some work begins later than other); resolves when its thread is gone, not when it says so. */
function terminatedWorker(work = 'busy', times = 1) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: [work, model, cacheDir] });
    worker.on('error', reject);
    worker.on('exit', resolve);
    setTimeout(() => void worker.terminate(), someMoment() * times);
  });
}

const scenarios = {
  /** Never closes anything. */
  idle: async () => console.log((await (await load()).embed(texts)).length),
  /** The promise is pending, and nothing else keeps the process alive. */
  pending: async () => void load().then((embedder) => embedder.embed(texts).then(({ length }) => console.log(length))),
  busy,
  exit: async () => {
    later(() => process.exit(0));
    await busy();
  },
  searching,
  'exit-searching': async () => {
    later(() => process.exit(0));
    await searching();
  },
  'throw-searching': async () => {
    later(() => {
      throw new Error('on purpose');
    });
    await searching();
  },
  /** The promise of a search is all that keeps the process alive. */
  'search-pending': async () => {
    const index = new FlatIndex({ dimensions: 2 });
    await index.add(new Float32Array(2 * 400));
    void index.search(new Float32Array(2), { k: 1_000 }).then(({ k }) => console.log(k));
  },
  'search-workers': async () => {
    for (let left = Number(milliseconds); left > 0; left -= 4) {
      await Promise.all(Array.from({ length: Math.min(4, left) }, () => terminatedWorker('searching', 3)));
    }
    console.log(true);
  },
  throw: async () => {
    later(() => {
      throw new Error('on purpose');
    });
    await busy();
  },
  closing: async () => {
    const embedder = await load();
    const running = embedder.embed(texts);
    void embedder.close();
    later(() => process.exit(0));
    await running;
  },
  /** Cycles of workers that come and go beside a main thread that works. */
  workers: async () => {
    const embedder = await load();
    const expected = (await embedder.embed(texts)).data;
    for (let left = Number(milliseconds); left > 0; left -= 4) {
      await Promise.all(Array.from({ length: Math.min(4, left) }, () => terminatedWorker()));
    }
    const after = (await embedder.embed(texts)).data;
    console.log(after.every((value, i) => value === expected[i]));
    await embedder.close();
  },
};

void scenarios[scenario]();
