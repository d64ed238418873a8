/**
 * One process of lifecycle.test.ts: `node child.cjs SCENARIO MODEL CACHE [MILLISECONDS [start|work]]`. Each scenario ends
 * the process, or leaves it to end by itself, at some point of the addon's life; the test looks at exit code and signal
 * only.
 */
const { EventEmitter, once } = require('node:events');
const { readdirSync, symlinkSync, writeSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Embedder } = require('../../../dist/index.js');
const { FlatIndex } = require('../../../dist/vectors/index.js');

const [scenario, model, cacheDir, milliseconds = '0', from = 'start'] = isMainThread
  ? process.argv.slice(2)
  : workerData;
const texts = Array.from({ length: 400 }, (_, i) => 'the river runs past the old mill '.repeat(1 + (i % 5)));
const load = (folder = model) => Embedder.load(folder, { precision: 'f32', cacheDir });

let atWork = false;
const workStarted = new EventEmitter();
/** After first results; told to the thread that started this one, too. */
function startedWork() {
  if (atWork) return;
  atWork = true;
  workStarted.emit('work');
  parentPort?.postMessage('at work');
}

/** Acts so many milliseconds after the start, or after first results: on a busy machine the one is long before the other. */
async function later(action) {
  if (from === 'work' && !atWork) await once(workStarted, 'work');
  setTimeout(() => {
    writeSync(1, 'ending\n'); // from here on the test counts
    action();
  }, Number(milliseconds));
}

/** Works until somebody ends the process. */
async function busy() {
  const embedder = await load();
  for (;;) {
    await embedder.embed(texts);
    startedWork();
  }
}

/** Adds and searches until somebody ends the process. */
async function searching() {
  const index = new FlatIndex({ dimensions: 384, metric: 'cosine' });
  const rows = new Float32Array(384 * 1_000).fill(0.5);
  for (;;) {
    if (index.length < 50_000) void index.add(rows);
    await Promise.all(Array.from({ length: 3 }, () => index.search(rows, { k: 5 })));
    startedWork();
  }
}

/** Milliseconds from 0 to 119, the same on every run. */
let state = 20_261_123;
function someMoment() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return (state >>> 8) % 120;
}

let workers = 0;
/**
 * A worker that is terminated at its moment after its start or, every second one, after its first results; resolves when
 * its thread is gone, not when it says so.
 */
function terminatedWorker(work = 'busy', times = 1) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: [work, model, cacheDir] });
    const end = () => setTimeout(() => void worker.terminate(), someMoment() * times);
    worker.on('error', reject);
    worker.on('exit', resolve);
    if (workers++ % 2 === 0) end();
    else worker.once('message', end);
  });
}

function workersVector() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: ['vector', model, cacheDir] });
    let vector;
    worker.on('message', (message) => {
      vector = message;
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(vector));
  });
}

const megabytes = () => Math.round(process.memoryUsage.rss() / 2 ** 20);

const threads = () => readdirSync('/proc/self/task').length;

/** Collects until no more than so many threads are left, or for a time: finalizers and native threads take theirs. */
async function collected(wanted) {
  for (let i = 0; i < 3 || (threads() > wanted && i < 100); i++) {
    global.gc();
    await delay(30);
  }
}

const scenarios = {
  /** Never closes anything. */
  idle: async () => console.log((await (await load()).embed(texts)).length),
  /** The promise is pending, and nothing else keeps the process alive. */
  pending: async () => void load().then((embedder) => embedder.embed(texts).then(({ length }) => console.log(length))),
  busy,
  /** The test sends a signal when the moment has come. */
  signalled: async () => {
    void later(() => {});
    await busy();
  },
  exit: async () => {
    void later(() => process.exit(0));
    await busy();
  },
  searching,
  'exit-searching': async () => {
    void later(() => process.exit(0));
    await searching();
  },
  'throw-searching': async () => {
    void later(() => {
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
    void later(() => {
      throw new Error('on purpose');
    });
    await busy();
  },
  closing: async () => {
    const embedder = await load();
    const running = embedder.embed(texts);
    void embedder.close();
    startedWork();
    void later(() => process.exit(0));
    await running;
  },
  /** Cycles of workers that come and go beside a main thread that works. */
  workers: async () => {
    const embedder = await load();
    const expected = (await embedder.embed(texts)).data;
    let rssAfter100;
    const cycles = Number(milliseconds);
    for (let done = 0; done < cycles; done += 8) {
      await Promise.all(Array.from({ length: Math.min(8, cycles - done) }, () => terminatedWorker()));
      if (rssAfter100 === undefined && done >= 100) rssAfter100 = megabytes();
    }
    const after = (await embedder.embed(texts)).data;
    const same = after.every((value, i) => value === expected[i]);
    console.log(JSON.stringify({ same, rssAfter100, rss: megabytes() }));
    await embedder.close();
  },
  /** A worker's part in `eight`. */
  vector: async () => {
    const embedder = await load();
    parentPort.postMessage((await embedder.embed(texts)).data);
    await embedder.close();
  },
  eight: async () => {
    const vectors = [];
    for (let i = 0; i < 8; i++) vectors.push(await workersVector());
    vectors.push(...(await Promise.all(Array.from({ length: 8 }, workersVector))));
    const same = vectors.filter((vector) => vector.every((value, i) => value === vectors[0][i]));
    console.log(`${same.length} times the same vector`);
  },
  /**
   * Embedders that are used and forgotten, three at a time, each three under a new name: or they would share what is left
   * of an engine before them.
   */
  dropped: async () => {
    const rounds = async (count, wanted) => {
      for (let done = 0; done < count; done += 3) {
        const link = join(cacheDir, `model-${wanted}-${done}`);
        symlinkSync(model, link, 'junction');
        await Promise.all([1, 2, 3].map(async () => (await load(link)).embed(texts)));
        await collected(wanted);
      }
      return { rss: megabytes(), threads: threads() };
    };
    const before = await rounds(9, 0);
    const after = await rounds(Number(milliseconds), before.threads);
    console.log(JSON.stringify({ ...after, rssBefore: before.rss, threadsBefore: before.threads }));
  },
};

void scenarios[scenario]();
