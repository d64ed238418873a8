/** A file that grows, and that can be cut back to where it once ended. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { OvembedError } from '../../errors.js';
import { writeAll } from '../../vectors/files/files.js';

const BUFFER_BYTES = 1 << 20;

export class AppendedFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #length: number;
  #pieces: Uint8Array[] = [];
  #pending = 0;

  private constructor(path: string, handle: FileHandle, length: number) {
    this.#path = path;
    this.#handle = handle;
    this.#length = length;
  }

  /**
   * @param length bytes to keep of what is there; null: it begins anew
   * @throws OvembedError `ERR_INVALID_ARGUMENT` if there are fewer; errors of the system
   */
  static async open(path: string, length: number | null): Promise<AppendedFile> {
    const flags = length === null ? constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC : constants.O_RDWR;
    const handle = await open(path, flags).catch((error) => {
      throw error.code === 'ENOENT' && length !== null ? tooShort(path, length, 'there is no such file') : error;
    });
    try {
      const { size } = await handle.stat();
      if (size < (length ?? 0)) throw tooShort(path, length as number, `it has ${size}`);
      await handle.truncate(length ?? 0);
      return new AppendedFile(path, handle, length ?? 0);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes, those included that are not written yet. */
  get length(): number {
    return this.#length + this.#pending;
  }

  /** The bytes must not change until they are written. */
  async append(bytes: Uint8Array): Promise<void> {
    this.#pieces.push(bytes);
    this.#pending += bytes.length;
    if (this.#pending >= BUFFER_BYTES) await this.#write();
  }

  /** Writes at the beginning of the file. */
  async patchStart(bytes: Uint8Array): Promise<void> {
    await this.#write();
    await writeAll(this.#handle, bytes, 0).catch((error) => this.#fail(error));
  }

  /** Everything so far survives a crash of the machine. */
  async sync(): Promise<void> {
    await this.#write();
    await this.#handle.datasync().catch((error) => this.#fail(error));
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #write(): Promise<void> {
    if (this.#pending === 0) return;
    const bytes = Buffer.concat(this.#pieces);
    await writeAll(this.#handle, bytes, this.#length).catch((error) => this.#fail(error));
    this.#length += bytes.length;
    this.#pieces = [];
    this.#pending = 0;
  }

  /** Errors of writes do not name the file. */
  #fail(error: NodeJS.ErrnoException): never {
    error.path ??= this.#path;
    throw error;
  }
}

function tooShort(path: string, length: number, found: string): OvembedError {
  const message = `${path}: the checkpoint says that ${length} bytes were written, but ${found}. Start again with restart.`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}
