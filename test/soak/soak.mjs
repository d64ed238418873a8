/**
 * node test/soak/soak.mjs [--minutes 3] [--model MODEL] [--seed N]   works without a pause on texts of random lengths in calls
 * of random kinds and sizes, and looks every second at what the process holds. Prints a table; ends with 1 if memory,
 * threads or descriptors grow (judge.mjs says when). 30 minutes are for every night.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { xorshift32 } from '../../scripts/models/random.mjs';
import { judge, table } from './judge.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    model: { type: 'string' },
    seed: { type: 'string', default: 'soak' },
  },
});

const WORDS = ['river', 'stone', 'the', 'of', 'mill', 'under', 'a', 'long', 'winding', 'Straße', '水', '🌊', 'x'];

/** Every kind of call, of random size, some of which are left before they end. */
class Work {
  constructor(embedder, seed) {
    this.embedder = embedder;
    this.next = xorshift32(seed);
    this.texts = 0;
    this.left = 0;
    this.failed = [];
  }

  below(limit) {
    return this.next() % limit;
  }

  text() {
    // As many short ones as long ones, whatever their length in tokens.
    const words = Math.ceil(2 ** (this.below(900) / 100));
    return Array.from({ length: words }, () => WORDS[this.below(WORDS.length)]).join(' ');
  }

  list(most) {
    return Array.from({ length: 1 + this.below(most) }, () => this.text());
  }

  /** @param {AbortSignal} signal */
  async call(signal) {
    const { embedder } = this;
    switch (this.below(6)) {
      case 0:
        return (await embedder.embedDocuments(this.list(256), { signal })).length;
      case 1: {
        let count = 0;
        for await (const _ of embedder.stream(this.list(256), { signal, batchSize: 1 + this.below(64) })) count++;
        return count;
      }
      case 2:
        return (await embedder.embedTokens(this.list(8), { signal })).length;
      case 3:
        return (await embedder.embedDocuments(this.list(32), { signal, priority: 'interactive', queueTimeoutMs: 0 }))
          .length;
      default:
        await embedder.embedQuery(this.text(), { signal, timeoutMs: 0, queueTimeoutMs: 0 });
        return 1;
    }
  }

  /** One of three calls that are always under way. */
  async lane(until) {
    while (performance.now() < until) {
      const caller = new AbortController();
      const timer = this.below(10) === 0 ? setTimeout(() => caller.abort(), this.below(50)) : undefined;
      try {
        const texts = await this.call(caller.signal);
        this.texts += texts;
      } catch (error) {
        if (caller.signal.aborted) this.left++;
        else this.failed.push(error);
      }
      clearTimeout(timer);
    }
  }
}

function sample(work, start) {
  global.gc();
  const count = (folder) => (process.platform === 'linux' ? readdirSync(folder).length : 0);
  return {
    seconds: (performance.now() - start) / 1000,
    rss: process.memoryUsage.rss() / 2 ** 20,
    heap: process.memoryUsage().heapUsed / 2 ** 20,
    threads: count('/proc/self/task'),
    descriptors: count('/proc/self/fd'),
    texts: work.texts,
  };
}

async function soak() {
  const { Embedder } = createRequire(import.meta.url)('../../dist/index.js');
  const cacheDir = mkdtempSync(join(tmpdir(), 'ovembed-soak-'));
  const embedder = await Embedder.load(values.model, { ...(values.model ? { cacheDir } : {}) });
  const work = new Work(embedder, values.seed);
  const start = performance.now();
  const until = start + Number(values.minutes) * 60_000;
  const samples = [];
  const sampler = setInterval(() => samples.push(sample(work, start)), 1_000);
  await Promise.all([work.lane(until), work.lane(until), work.lane(until)]);
  clearInterval(sampler);
  await embedder.close();
  rmSync(cacheDir, { recursive: true });
  const problems = [...judge(samples), ...work.failed.map((error) => `a call failed: ${error.stack}`)];
  console.log(table(samples));
  console.log(`${work.texts} texts, ${work.left} calls left early`);
  for (const problem of problems) console.log(`[ovembed] soak: ${problem}`);
  console.log(`[ovembed] soak: ${problems.length === 0 ? 'flat' : 'failed'}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

if (global.gc) await soak();
else {
  const args = ['--expose-gc', fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}
