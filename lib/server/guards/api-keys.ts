/** API keys: any number at once, so that they can be exchanged one after the other. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyRequest } from 'fastify';
import { OvembedError } from '../../errors.js';
import { HttpError } from '../http-error.js';

const digest = (key: string) => createHash('sha256').update(key).digest();

export class ApiKeys {
  #digests: readonly Buffer[];

  /** @param keys none: everybody may ask */
  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digest);
  }

  get required(): boolean {
    return this.#digests.length > 0;
  }

  /** From now on these. */
  replace(keys: readonly string[]): void {
    this.#digests = keys.map(digest);
  }

  /**
   * All keys are compared, and digests of equal length, so time tells nothing of them.
   * @returns what the key is called in logs, which names the client: the beginning of its SHA-256; null where none is needed
   * @throws HttpError 401
   */
  check({ headers }: FastifyRequest): string | null {
    if (!this.required) return null;
    const given = digest(/^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '');
    let isKnown = false;
    for (const key of this.#digests) if (timingSafeEqual(key, given)) isKnown = true;
    if (isKnown) return `key ${given.toString('hex', 0, 4)}`;
    throw new HttpError(401, 'invalid_api_key', 'An API key is needed: Authorization: Bearer KEY.');
  }
}

/**
 * The keys of a file: one on every line; empty lines, and those that begin with #, are left out.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if it cannot be read or has none
 */
export async function readKeys(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new OvembedError('ERR_INVALID_ARGUMENT', `The file of API keys cannot be read: ${path}.`, { cause });
  }
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length > 0) return keys;
  throw new OvembedError('ERR_INVALID_ARGUMENT', `The file of API keys has none: ${path}.`);
}
