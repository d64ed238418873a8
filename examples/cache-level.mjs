// A cache level of your own: vectors as files, one a text. `node examples/cache-level.mjs` twice: the second run computes nothing.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Embedder } from 'ovembed';

/** Whatever goes wrong here is a miss: records are checked by whoever reads them. */
class FileLevel {
  name = 'files';
  #folder;

  constructor(folder) {
    this.#folder = folder;
  }

  get(keys) {
    return Promise.all(keys.map((key) => readFile(this.#path(key)).catch(() => undefined)));
  }

  async set(writes) {
    await mkdir(this.#folder, { recursive: true });
    await Promise.all(writes.map(({ key, record }) => writeFile(this.#path(key), record)));
  }

  async delete(keys) {
    await Promise.all(keys.map((key) => rm(this.#path(key), { force: true })));
  }

  async clear() {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #path(key) {
    return join(this.#folder, key.replaceAll(':', '-'));
  }
}

const level = new FileLevel(process.argv[2] ?? join(tmpdir(), 'ovembed-example'));
const embedder = await Embedder.load(undefined, { cache: { levels: [level] } });
const texts = ['Oil the chain after rain.', 'The soup is served at eight.', 'Oil the chain after rain.'];
const { metadata } = await embedder.embedDocuments(texts);
console.log(`${texts.length} texts: ${metadata.duplicates} equal to another, ${metadata.cacheHits} kept`);
console.log((await embedder.cache.stats()).map(({ name, hits, misses }) => `${name}: ${hits} hits, ${misses} misses`));
await embedder.close();
