/** Where output goes. All writes are awaited, so that a slow disk or reader slows the work down instead of filling memory. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OutputError, ReaderGone, systemReason } from '../failures.js';

/** Takes bytes in order. */
export interface Target {
  append(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A target whose beginning can be written again. */
export interface PatchableTarget extends Target {
  patchStart(bytes: Uint8Array): Promise<void>;
}

/** A file, written in place: whatever ends the process, what was appended before is there. */
export class FileTarget implements PatchableTarget {
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async open(path: string): Promise<FileTarget> {
    return new FileTarget(path, await open(path, 'w').catch((error) => fail(path, error)));
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#write(bytes, undefined);
  }

  patchStart(bytes: Uint8Array): Promise<void> {
    return this.#write(bytes, 0);
  }

  async close(): Promise<void> {
    await this.#handle.close().catch((error) => fail(this.#path, error));
  }

  /** One write may take only a part, for example when the disk is nearly full. */
  async #write(bytes: Uint8Array, position: number | undefined): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const at = position === undefined ? null : position + done;
        done += (await this.#handle.write(bytes, done, bytes.length - done, at)).bytesWritten;
      }
    } catch (error) {
      fail(this.#path, error);
    }
  }
}

/** Standard output as it is. */
export class StdoutTarget implements Target {
  constructor() {
    // Errors come back from each write; without a listener, Node would end the process for them.
    process.stdout.on('error', () => {});
  }

  append(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => {
        if (!error) resolve();
        else if ((error as NodeJS.ErrnoException).code === 'EPIPE') reject(new ReaderGone());
        else reject(outputError('standard output', error));
      });
    });
  }

  async close(): Promise<void> {}
}

const COPY_BYTES = 1024 * 1024;

/** Standard output for a format whose beginning is known last: kept in a temporary file, and copied at the end. */
export class SpooledStdout extends FileTarget {
  readonly #spool: FileHandle;
  readonly #path: string;

  private constructor(path: string, handle: FileHandle) {
    super(path, handle);
    this.#path = path;
    this.#spool = handle;
  }

  static override async open(): Promise<SpooledStdout> {
    const path = join(tmpdir(), `ovembed-${randomUUID()}.tmp`);
    return new SpooledStdout(path, await open(path, 'wx+', 0o600).catch((error) => fail(path, error)));
  }

  override async close(): Promise<void> {
    const stdout = new StdoutTarget();
    const buffer = Buffer.allocUnsafe(COPY_BYTES);
    try {
      for (let position = 0; ; ) {
        const { bytesRead } = await this.#spool.read(buffer, 0, COPY_BYTES, position);
        if (bytesRead === 0) break;
        await stdout.append(buffer.subarray(0, bytesRead));
        position += bytesRead;
      }
    } finally {
      await super.close();
      await rm(this.#path, { force: true });
    }
  }
}

function fail(path: string, error: unknown): never {
  throw outputError(path, error);
}

function outputError(path: string, error: unknown): OutputError {
  return new OutputError(`${path}: cannot be written: ${systemReason(error)}`, { cause: error });
}
