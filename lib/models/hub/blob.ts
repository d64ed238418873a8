/** One blob's way into the cache: under its lock, from where an earlier try ended, and checked before it gets its name. */
import { constants } from 'node:fs';
import { type FileHandle, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OvembedError } from '../../errors.js';
import { ignoreMissing, isFile } from '../files.js';
import { gitBlobId, sha256OfFile } from '../hash.js';
import type { ModelRequest } from '../provider.js';
import { downloadError, RequestFailure } from './failures.js';
import type { HubAnswer, HubClient } from './http.js';
import { underLock } from './lock.js';
import type { RepoCache } from './repo-cache.js';
import { retrying } from './retry.js';
import type { HubSettings } from './settings.js';

const SHA256 = /^[0-9a-f]{64}$/;
const GIT_BLOB_ID = /^[0-9a-f]{40}$/;

/** What the hub says of a file. */
export interface HubFile {
  /** Path inside the model's folder. */
  name: string;
  address: string;
  /** SHA-256 or git blob id of the content. */
  etag: string;
  /** In bytes; null if it does not say. */
  size: number | null;
}

/** Whether this names content that can be checked: large files by their SHA-256, others by git's id. */
export function isContentHash(etag: string): boolean {
  return SHA256.test(etag) || GIT_BLOB_ID.test(etag);
}

export class BlobDownload {
  readonly #file: HubFile;
  readonly #partial: string;
  /** Bytes of the partial file that are known to be there. */
  #received = 0;

  constructor(
    private readonly settings: HubSettings,
    private readonly client: HubClient,
    private readonly repo: RepoCache,
    private readonly request: ModelRequest,
    file: HubFile,
  ) {
    this.#file = file;
    this.#partial = repo.partial(file.etag);
  }

  /** Settles when the blob is in the cache. */
  async run(): Promise<void> {
    const { etag, name } = this.#file;
    const { signal, logger } = this.request;
    const blob = this.repo.blob(etag);
    if (await this.#matches(blob)) return;
    await this.repo.prepareFolders(etag);
    const onWait = () => logger?.info(`Waiting for another process, which is downloading ${name}`);
    await underLock(
      this.settings.tryLock,
      this.repo.lockFile(etag),
      async () => {
        if (await this.#matches(blob)) return;
        await rm(blob, { force: true }); // damaged
        await this.#checkRoom();
        await this.#fill();
      },
      { signal, onWait },
    );
  }

  /** A partial file that another process left may hold anything, so content made from one gets a second chance. */
  async #fill(): Promise<void> {
    const { etag } = this.#file;
    for (let chance = 1; ; chance++) {
      const inOneGo = await this.#receive();
      if (await this.#matches(this.#partial)) await this.repo.store(this.#partial, etag).catch(ignoreMissing);
      // Where locks do not work, another process may have written the same to the same file, and given it its name.
      if (await isFile(this.repo.blob(etag))) return;
      await rm(this.#partial, { force: true });
      if (inOneGo || chance === 2) throw this.#failure(`the content does not have the hash ${etag} that was announced`);
    }
  }

  /** @returns whether one answer brought all of it */
  async #receive(): Promise<boolean> {
    const { signal, logger } = this.request;
    let answers = (await this.#look()) > 0 ? 1 : 0;
    const work = async () => {
      answers++;
      await this.#receiveRest();
    };
    await retrying(this.settings.retry, work, { signal, logger, progress: () => this.#received });
    return answers === 1;
  }

  async #receiveRest(): Promise<void> {
    const { size, address } = this.#file;
    const from = await this.#look();
    if (from === size && size > 0) return;
    const answer = await this.client.get(address, from);
    try {
      const start = await this.#startOf(answer, from);
      await this.#write(answer, start);
    } finally {
      await answer.discard();
    }
    if (size !== null && this.#received < size) {
      throw new RequestFailure(address, `${this.#received} of ${size} bytes came`, { passing: true });
    }
  }

  /** Bytes of the partial file. One that cannot be gone on with, or is of a size that says nothing, is deleted. */
  async #look(): Promise<number> {
    const length = (await stat(this.#partial).catch(ignoreMissing))?.size ?? 0;
    const isOfUse = this.#file.size !== null && length <= this.#file.size;
    if (!isOfUse) await rm(this.#partial, { force: true });
    this.#received = isOfUse ? length : 0;
    return this.#received;
  }

  /** The byte that the answer's body begins with. */
  async #startOf(answer: HubAnswer, from: number): Promise<number> {
    const { status, range } = answer;
    if (status === 206 && range?.start === from) return from;
    if (status === 200) {
      // Written over, not emptied: where locks do not work, another process may be writing the same to it.
      this.#received = 0;
      return 0;
    }
    if (status === 416 || status === 206) {
      await rm(this.#partial, { force: true });
      throw this.#failure(`the server has no bytes from ${from} on, though ${this.#file.size} are stated`);
    }
    throw this.#failure(`HTTP ${status}`);
  }

  async #write(answer: HubAnswer, start: number): Promise<void> {
    const { size, name } = this.#file;
    // A link in the place of the file would lead the content elsewhere.
    const flags = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
    const handle = await open(this.#partial, flags);
    let position = start;
    try {
      for await (const piece of answer.pieces()) {
        if (size !== null && position + piece.length > size)
          throw this.#failure(`more than the stated ${size} bytes came`);
        await writeAt(handle, piece, position);
        position += piece.length;
        this.#received = Math.max(this.#received, position);
        this.request.onProgress?.({ file: name, receivedBytes: position, totalBytes: size });
      }
      // Before it gets its name: after a loss of power, a blob must not have a name and no content.
      await handle.sync();
    } catch (error) {
      if (error instanceof OvembedError || (error as NodeJS.ErrnoException).code === 'ENOSPC') {
        await rm(this.#partial, { force: true });
      }
      throw error;
    } finally {
      await handle.close();
    }
  }

  async #checkRoom(): Promise<void> {
    const { size, name } = this.#file;
    if (size === null) return;
    const { blocks, bavail, bsize } = await statfs(dirname(this.#partial));
    const needed = size - (await this.#look());
    if (blocks === 0 || bavail * bsize >= needed) return; // some network file systems say nothing
    throw new OvembedError(
      'ERR_DOWNLOAD',
      `${name} needs ${needed} bytes more in ${this.repo.folder}, and ${bavail * bsize} are free there. Make room, or set ` +
        'HF_HUB_CACHE to a folder on another disk.',
    );
  }

  async #matches(path: string): Promise<boolean> {
    if (!(await isFile(path))) return false;
    const { etag } = this.#file;
    const hash = SHA256.test(etag) ? sha256OfFile : gitBlobId;
    return (await hash(path, this.request.signal).catch(ignoreMissing)) === etag;
  }

  #failure(reason: string): OvembedError {
    return downloadError(new RequestFailure(this.#file.address, reason, { passing: false }));
  }
}

/** A write may take only a part, when the disk is nearly full. */
async function writeAt(handle: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < piece.length; ) {
    const { bytesWritten } = await handle.write(piece, written, piece.length - written, position + written);
    written += bytesWritten;
  }
}
