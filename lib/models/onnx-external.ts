/**
 * The files beside an ONNX model that hold its tensors ("external data" of onnx.proto3). Their names stand in the model, so
 * they have to be known before anything is hashed, downloaded or handed to the runtime.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { posix } from 'node:path';
import { staysInside } from './files.js';
import { invalid, show } from './json-file.js';

/** By message: the fields that hold another message on the way to a tensor, with its name (onnx.proto3). */
const MESSAGES: Record<string, Record<number, string>> = {
  Model: { 7: 'Graph', 20: 'TrainingInfo', 25: 'Function' },
  TrainingInfo: { 1: 'Graph', 2: 'Graph' },
  Function: { 7: 'Node', 11: 'Attribute' },
  Graph: { 1: 'Node', 5: 'Tensor', 15: 'SparseTensor' },
  Node: { 5: 'Attribute' },
  Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'SparseTensor', 23: 'SparseTensor' },
  SparseTensor: { 1: 'Tensor', 2: 'Tensor' },
  Tensor: { 13: 'Entry' },
};
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;
/** Deeper than protobuf itself reads. */
const DEEPEST = 100;
/** Far longer than any path. */
const LONGEST_TEXT = 4096;

/**
 * The paths of a model's external data, each once, relative to the model's own folder. Data that is stored in the model is
 * skipped, not read. A file that is no protobuf names none: the runtime says what is wrong with it.
 *
 * @throws OvembedError `ERR_MODEL_INVALID` if a path leads out of the folder
 */
export async function externalDataOf(file: string): Promise<string[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const walk = new Walk(new Bytes(handle));
    await walk.message('Model', 0, size, 0).catch((error) => {
      if (!(error instanceof RangeError)) throw error;
    });
    return [...walk.locations].map((location) => checked(location, file));
  } finally {
    await handle.close();
  }
}

function checked(location: string, file: string): string {
  if (location !== '' && staysInside(location)) return posix.normalize(location.replaceAll('\\', '/'));
  throw invalid(`${file} names ${show(location)} for its weights. Expected a file in its own folder or below it.`);
}

/** Goes through the messages that lead to tensors. What breaks the format is a RangeError. */
class Walk {
  readonly locations = new Set<string>();

  constructor(private readonly bytes: Bytes) {}

  async message(name: string, start: number, end: number, depth: number): Promise<void> {
    if (depth > DEEPEST) throw new RangeError('nested too deeply');
    const entry: Record<number, string[]> = { [ENTRY_KEY]: [], [ENTRY_VALUE]: [] };
    for (let at = start; at < end; ) {
      const field = await this.field(at, end);
      at = field.end;
      const inner = MESSAGES[name]?.[field.number];
      if (inner && field.isBlock) await this.message(inner, field.start, field.end, depth + 1);
      if (name === 'Entry' && field.isBlock) {
        entry[field.number]?.push(await this.bytes.text(field.start, field.end));
      }
    }
    // Fields may come in any order, and more than once.
    if (entry[ENTRY_KEY]?.includes('location')) for (const path of entry[ENTRY_VALUE] ?? []) this.locations.add(path);
  }

  /** One field: its number, and where its content is if it has a length of its own. */
  private async field(at: number, limit: number) {
    const tag = await this.bytes.varint(at);
    const [number, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
    const isBlock = wireType === 2;
    let [start, end] = [tag.end, tag.end];
    if (wireType === 0) end = (await this.bytes.varint(start)).end;
    if (wireType === 1) end += 8;
    if (wireType === 5) end += 4;
    if (isBlock) {
      const length = await this.bytes.varint(start);
      start = length.end;
      end = start + length.value;
    }
    // 3 and 4 enclose a group, whose fields are gone through like any others.
    if (wireType > 5 || number === 0 || end > limit) throw new RangeError('no protobuf');
    return { number, isBlock, start, end };
  }
}

const WINDOW_BYTES = 64 * 1024;

/** A file read piece by piece, as most of it is weights that nobody looks at here. */
class Bytes {
  #window = Buffer.alloc(0);
  #start = 0;

  constructor(private readonly handle: FileHandle) {}

  async varint(at: number): Promise<{ value: number; end: number }> {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const position = at + i;
      if (position < this.#start || position >= this.#start + this.#window.length) await this.moveTo(position);
      const byte = this.#window[position - this.#start] as number;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return { value, end: position + 1 };
    }
    throw new RangeError('no protobuf');
  }

  async text(start: number, end: number): Promise<string> {
    if (end - start > LONGEST_TEXT) throw new RangeError('no path');
    const bytes = Buffer.alloc(end - start);
    await this.handle.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  }

  private async moveTo(start: number): Promise<void> {
    const window = Buffer.alloc(WINDOW_BYTES);
    const { bytesRead } = await this.handle.read(window, 0, WINDOW_BYTES, start);
    if (bytesRead === 0) throw new RangeError('the file ends');
    this.#window = window.subarray(0, bytesRead);
    this.#start = start;
  }
}
