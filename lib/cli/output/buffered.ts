/** Collects small pieces into writes of a sensible size. */

const FLUSH_BYTES = 64 * 1024;

export class Buffered {
  readonly #flushed: (bytes: Buffer) => Promise<void>;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** @param flushed receives whole pieces only, so that what it writes ends where a piece ends */
  constructor(flushed: (bytes: Buffer) => Promise<void>) {
    this.#flushed = flushed;
  }

  /** The piece must not change until it is flushed. */
  async push(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes >= FLUSH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#bytes === 0) return;
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    await this.#flushed(bytes);
  }
}
