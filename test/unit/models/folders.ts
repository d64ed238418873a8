/** Model folders for tests: the files of all-MiniLM-L6-v2 in small, with chosen ones replaced or left out. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { OvembedError } from '../../../lib/errors.js';

/** Content per path: an object is written as JSON, null leaves the file out, DIRECTORY makes a directory in its place. */
export type Files = Record<string, string | object | null>;
export const DIRECTORY = Symbol('directory') as unknown as object;

const OLD = 'sentence_transformers.models';
export const MODULES = [
  { idx: 0, name: '0', path: '', type: `${OLD}.Transformer` },
  { idx: 1, name: '1', path: '1_Pooling', type: `${OLD}.Pooling` },
  { idx: 2, name: '2', path: '2_Normalize', type: `${OLD}.Normalize` },
];
export const POOLING = {
  word_embedding_dimension: 384,
  pooling_mode_cls_token: false,
  pooling_mode_mean_tokens: true,
  pooling_mode_max_tokens: false,
  pooling_mode_mean_sqrt_len_tokens: false,
};
export const NETWORK = { model_type: 'bert', hidden_size: 384, max_position_embeddings: 512, pad_token_id: 0 };

/** An ONNX model of one tensor that is stored elsewhere (onnx.proto3: graph 7, initializer 5, external_data 13). */
export function onnxNaming(location: string, { valueFirst = false } = {}): Buffer {
  const field = (number: number, content: Buffer) => {
    const length = [(content.length & 0x7f) | 0x80, content.length >> 7];
    return Buffer.concat([Buffer.of((number << 3) | 2, ...length), content]);
  };
  const entry = [field(1, Buffer.from('location')), field(2, Buffer.from(location))];
  const tensor = field(13, Buffer.concat(valueFirst ? entry.reverse() : entry));
  return field(7, field(5, tensor));
}

export const MINI: Files = {
  'modules.json': MODULES,
  'config.json': NETWORK,
  'config_sentence_transformers.json': { __version__: { sentence_transformers: '2.0.0' } },
  'sentence_bert_config.json': { max_seq_length: 256, do_lower_case: false },
  'tokenizer.json': { version: '1.0' },
  'tokenizer_config.json': { model_max_length: 512 },
  '1_Pooling/config.json': POOLING,
  'model.safetensors': 'weights',
};

/** MINI with these files in place of its own. */
export function mini(changes: Files = {}): Files {
  return { ...MINI, ...changes };
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder, deleted after the test file. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ovembed-models-')));
  made.push(folder);
  return folder;
}

export function writeFiles(folder: string, files: Files): string {
  for (const [name, content] of Object.entries(files)) {
    if (content === null) continue;
    const path = join(folder, name);
    mkdirSync(content === DIRECTORY ? path : dirname(path), { recursive: true });
    if (content !== DIRECTORY) writeFileSync(path, contentOf(content));
  }
  return folder;
}

export function modelFolder(changes: Files = {}): string {
  return writeFiles(temporaryFolder(), mini(changes));
}

export function contentOf(content: string | object): string | Buffer {
  return typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content);
}

/** The OvembedError a promise rejects with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<OvembedError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof OvembedError) return outcome.error;
  throw new Error('Expected an OvembedError', { cause: outcome });
}
