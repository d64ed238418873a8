/** Choices that were measured once and are kept, so that a restart does not flip them (and with them the bits of vectors). */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A JSON file per key under `choices/`. What cannot be read is measured again; what cannot be written is not kept. */
export class Choices<T> {
  readonly #folder: string;
  readonly #isValid: (value: unknown) => value is T;

  /** @param cacheDir ovembed's cache folder */
  constructor(cacheDir: string, isValid: (value: unknown) => value is T) {
    this.#folder = join(cacheDir, 'choices');
    this.#isValid = isValid;
  }

  async read(key: readonly string[]): Promise<T | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#file(key), 'utf8'));
      return this.#isValid(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** Complete or not at all: written beside its place, then renamed. The last of several processes wins. */
  async write(key: readonly string[], value: T): Promise<void> {
    const file = this.#file(key);
    const draft = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(draft, `${JSON.stringify({ key, ...value }, null, 2)}\n`);
      await rename(draft, file);
    } catch {
      await rm(draft, { force: true }).catch(() => {});
    }
  }

  #file(key: readonly string[]): string {
    const name = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32);
    return join(this.#folder, `${name}.json`);
  }
}
