/** All texts of the input, in order; each is remembered until its vector has come. */

import { splitLines } from '../../corpus/readers/lines.js';
import { type InputFile, readChunks } from './files.js';
import { type InputRecord, type LineParser, lineError } from './records.js';

/** A file, and how its lines are read. */
export interface ParsedFile {
  file: InputFile;
  parse: LineParser;
}

export class InputReader {
  readonly #files: readonly ParsedFile[];
  readonly #stop: AbortSignal;
  readonly #clean: (text: string) => string;
  readonly #pending: InputRecord[] = [];
  #failure: unknown;

  /** @param clean what is done to a text before it is embedded; its record keeps the text as it was */
  constructor(files: readonly ParsedFile[], stop: AbortSignal, clean: (text: string) => string = (text) => text) {
    this.#files = files;
    this.#stop = stop;
    this.#clean = clean;
  }

  /**
   * Ends at the first line that cannot be used, and when `stop` aborts, as it does at the end of the input: what was read
   * before is then still embedded and written.
   */
  async *texts(): AsyncGenerator<string, void, undefined> {
    try {
      for await (const record of this.#records()) {
        this.#pending.push(record);
        yield this.#clean(record.text);
      }
    } catch (error) {
      this.#failure = error;
    }
  }

  /** The records in the order of their texts, each once. */
  take(): InputRecord {
    return this.#pending.shift() as InputRecord;
  }

  /** Throws what ended the texts early, if it was an error. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async *#records(): AsyncGenerator<InputRecord, void, undefined> {
    let before = 0;
    for (const { file, parse } of this.#files) {
      let end = before;
      for await (const line of splitLines(readChunks(file, this.#stop), lineError(file.name))) {
        // The line that a stop has cut off in the middle must not pass for a whole one.
        if (this.#stop.aborted) return;
        end = before + line.end;
        yield { ...parse(line, file.name), end };
      }
      before = end;
    }
  }
}
