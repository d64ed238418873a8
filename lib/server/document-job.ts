/**
 * A large job: documents in, a line of JSON for each out, as soon as it is there. A client that reads slowly is sent no more
 * than it takes, and no more is read of what it sends: memory does not depend on the size of the job.
 */
import { EventEmitter, once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StreamItem } from '../batching/stream.js';
import type { Embedder } from '../embedder.js';
import type { StreamOptions } from '../options.js';
import { toBase64 } from '../vectors/base64.js';
import type { BadDocument, Document } from './documents.js';
import { HttpError, toHttpError } from './http-error.js';
import { jsonVector, SLICE_NUMBERS } from './json-rows.js';

export interface DocumentJobOptions {
  documents: AsyncIterable<Document | BadDocument> | Iterable<Document | BadDocument>;
  format: 'float' | 'base64';
  /** Of the embedder's stream; its signal ends the job. */
  stream: StreamOptions & { signal: AbortSignal };
  /** Whether a text that is too long is an error of that document, rather than cut. */
  refuseTruncated: boolean;
  /** Begins the answer; called with the first line, so that what fails before has a status of its own. */
  begin(body: Readable): void;
}

/** A document whose vector has not been written, and bad ones that come after it and wait for it. */
interface Pending {
  document: Document;
  after: BadDocument[];
}

/** Bad documents that wait for a good one before them. */
const MOST_WAITING = 1_000;

export class DocumentJob {
  readonly #options: DocumentJobOptions;
  readonly #body = new PassThrough();
  readonly #pending = new Map<number, Pending>();
  /** The latest good document, while its vector has not been written and lines are in order. */
  #last: Pending | undefined;
  readonly #written = new EventEmitter();
  #hasBegun = false;
  #rows = 0;
  #errors = 0;
  #tokens = 0;

  constructor(options: DocumentJobOptions) {
    this.#options = options;
  }

  /** So far. */
  get done(): { texts: number; tokens: number } {
    return { texts: this.#rows, tokens: this.#tokens };
  }

  /** Rejects with what fails before the first line; a later failure is told in the last line. */
  async run(embedder: Embedder): Promise<void> {
    const { stream } = this.#options;
    try {
      await this.#embed(embedder);
      await this.#write({ done: true, ...this.#counts() });
    } catch (error) {
      if (!this.#hasBegun) throw error;
      if (!stream.signal.aborted) await this.#write({ done: false, error: describe(error), ...this.#counts() });
    } finally {
      if (this.#hasBegun) this.#body.end();
    }
  }

  async #embed(embedder: Embedder): Promise<void> {
    const { stream } = this.#options;
    let numbers = 0;
    for await (const item of embedder.stream(this.#texts(), stream)) {
      await this.#tell(item);
      numbers += item.embedding.length;
      if (numbers < SLICE_NUMBERS) continue;
      numbers = 0;
      await nextTurn();
    }
  }

  async *#texts(): AsyncGenerator<string, void, undefined> {
    let number = 0;
    for await (const document of this.#options.documents) {
      if ('error' in document) {
        await this.#tellBad(document);
        continue;
      }
      const pending: Pending = { document, after: [] };
      this.#pending.set(number++, pending);
      this.#last = pending;
      yield document.text;
    }
  }

  async #tell({ index, embedding, tokens, truncated }: StreamItem): Promise<void> {
    const pending = this.#pending.get(index) as Pending;
    this.#pending.delete(index);
    const { document } = pending;
    if (truncated && this.#options.refuseTruncated) {
      const error = new HttpError(400, 'ERR_INPUT_TOO_LONG', 'The text is longer than the model reads.');
      await this.#writeBad({ ...document, error });
    } else {
      this.#rows++;
      this.#tokens += tokens;
      const vector = this.#options.format === 'base64' ? `"${toBase64(embedding)}"` : jsonVector(embedding);
      await this.#writeLine(`{${named(document)},"embedding":${vector},"tokens":${tokens},"truncated":${truncated}}`);
    }
    for (const bad of pending.after) await this.#writeBad(bad);
    if (this.#last !== pending) return;
    this.#last = undefined;
    this.#written.emit('last');
  }

  async #tellBad(bad: BadDocument): Promise<void> {
    const { ordered = true, signal } = this.#options.stream;
    const last = ordered ? this.#last : undefined;
    if (!last) return this.#writeBad(bad);
    if (last.after.push(bad) >= MOST_WAITING) await once(this.#written, 'last', { signal });
  }

  #writeBad({ error, ...document }: BadDocument): Promise<void> {
    this.#errors++;
    return this.#writeLine(`{${named(document)},"error":${JSON.stringify(describe(error))}}`);
  }

  #counts() {
    const tokens = this.#tokens;
    return { rows: this.#rows, errors: this.#errors, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  }

  #write(line: object): Promise<void> {
    return this.#writeLine(JSON.stringify(line));
  }

  /** Resolves when the client takes more. */
  async #writeLine(line: string): Promise<void> {
    const { begin, stream } = this.#options;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      begin(this.#body);
    }
    if (!this.#body.write(`${line}\n`)) await once(this.#body, 'drain', { signal: stream.signal });
  }
}

const named = ({ index, id }: Pick<Document, 'index' | 'id'>) =>
  `"index":${index}${id === undefined ? '' : `,"id":${JSON.stringify(id)}`}`;

function describe(error: unknown): { code: string; message: string } {
  const { code, message } = toHttpError(error);
  return { code, message };
}
