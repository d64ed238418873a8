/** Where blocks are run: a folder with files of the names that documents use, models beside them, and commands in PATH. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';
import { DEFAULT_MODEL, resolveModel } from '../../../lib/models/index.js';
import { writeNpy } from '../../../lib/vectors/index.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { ROOT } from './blocks.js';

/** Models of the hub that documents name. In their place is a small one with random weights: quick, and nothing is downloaded. */
const HUB_MODELS = ['BAAI/bge-small-en-v1.5', 'intfloat/e5-small-v2', 'intfloat/multilingual-e5-small', 'org/name'];
/** As wide as the default model, and reading as much; what names no model has this one. */
const MODEL = {
  ...tinyModels.mean,
  prompts: { query: 'query: ', document: 'passage: ' },
  modelMaxLength: 256,
  bert: { ...tinyModels.mean.bert, hidden: 384, heads: 12, layers: 1, positions: 512 },
};
const FILES = join(import.meta.dirname, 'files');
const COMMANDS = join(import.meta.dirname, 'commands');

export class Place {
  readonly #root = mkdtempSync(join(tmpdir(), 'ovembed-docs-'));
  readonly env: NodeJS.ProcessEnv;

  private constructor() {
    afterAll(() => rmSync(this.#root, { recursive: true, force: true }));
    this.env = {
      ...process.env,
      PATH: `${COMMANDS}${delimiter}${process.env.PATH}`,
      OVEMBED_MODEL: this.file('model'),
      HF_HUB_CACHE: this.file('hub'),
      HF_HUB_OFFLINE: '1',
      OVEMBED_DOCS_ROOT: ROOT,
    };
    writeTinyModel(MODEL, this.file('model'));
    for (const model of HUB_MODELS) this.#addToHub(model);
  }

  static async make(): Promise<Place> {
    const place = new Place();
    // The files of the default model are known by hash, so only they will do.
    const { folder } = await resolveModel(DEFAULT_MODEL, {});
    symlinkSync(dirname(dirname(folder)), place.#repository(DEFAULT_MODEL));
    return place;
  }

  #repository(model: string): string {
    return this.file(`hub/models--${model.replace('/', '--')}`);
  }

  /** As huggingface_hub keeps it. */
  #addToHub(model: string): void {
    const repository = this.#repository(model);
    const commit = 'c0ffee'.padEnd(40, '0');
    cpSync(this.file('model'), join(repository, 'snapshots', commit), { recursive: true });
    mkdirSync(join(repository, 'refs'));
    for (const ref of ['main', 'v1.0']) writeFileSync(join(repository, 'refs', ref), commit);
  }

  /** A folder for the blocks of one page. */
  async folderOf(page: string): Promise<string> {
    const folder = join(this.#root, page.replaceAll('/', '-'));
    cpSync(FILES, folder, { recursive: true });
    cpSync(this.file('model'), join(folder, 'my-model'), { recursive: true });
    writeFileSync(join(folder, 'corpus.jsonl.gz'), gzipSync(readFileSync(join(folder, 'faq.jsonl'))));
    await writeNpy(join(folder, 'corpus.npy'), {
      data: new Float32Array(6),
      dtype: 'float32',
      length: 2,
      dimensions: 3,
    });
    return folder;
  }

  file(name: string): string {
    return join(this.#root, name);
  }
}
