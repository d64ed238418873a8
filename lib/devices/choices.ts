/** Choices that were measured once and are kept, so that a restart does not flip them (and with them the bits of vectors). */
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

  /**
   * Keeps a value unless another process was first, and returns the one that is kept: all processes then go by the same.
   * Written beside its place, then linked, which fails where there is a file. One that is damaged is replaced.
   */
  async keep(key: readonly string[], value: T): Promise<T> {
    const file = this.#file(key);
    const draft = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(draft, `${JSON.stringify({ key, ...value }, null, 2)}\n`);
      const isFirst = await link(draft, file).then(
        () => true,
        () => false,
      );
      const kept = isFirst ? value : await this.read(key);
      if (kept) return kept;
      await rename(draft, file);
    } catch {
      // A choice that cannot be kept is measured again next time.
    } finally {
      await rm(draft, { force: true }).catch(() => {});
    }
    return value;
  }

  #file(key: readonly string[]): string {
    const name = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32);
    return join(this.#folder, `${name}.json`);
  }
}
