/** The transcripts of docs/server.md: each command is run against a server of the same model, and answers as is said there. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { DEFAULT_MODEL } from '../../../lib/models/index.js';
import { type Running, startServer } from './support.js';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/server.md'), 'utf8');
const ADDRESS = 'http://127.0.0.1:8080';
/** What stands for something that is left out. */
const ELLIPSIS = '…';

interface Transcript {
  command: string;
  answer: string[];
}

function transcriptsOf(page: string): Transcript[] {
  const blocks = [...page.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command, ...answer] = part.trimEnd().split('\n');
        return { command: command as string, answer };
      }),
  );
}

let running: Running;
let embedder: Embedder;
beforeAll(async () => {
  embedder = await Embedder.load(inject('miniLM'), { precision: 'f32' });
  running = await startServer({ models: [{ name: DEFAULT_MODEL, embedder }] });
});
afterAll(() => embedder.close());

/** Same fields, same kinds of values; texts are equal but for what is left out. A list that ends with `…` may go on. */
function expectLike(got: unknown, said: unknown, where: string): void {
  if (typeof said === 'string') {
    const [start = '', end = ''] = said.split(ELLIPSIS);
    if (said.includes(ELLIPSIS)) expect(String(got).startsWith(start) && String(got).endsWith(end), where).toBe(true);
    else expect(got, where).toBe(said);
  } else if (Array.isArray(said)) {
    expect(Array.isArray(got), where).toBe(true);
    const isOpen = said.at(-1) === ELLIPSIS;
    const items = isOpen ? said.slice(0, -1) : said;
    if (!isOpen) expect(got, where).toHaveLength(items.length);
    for (const [i, item] of items.entries()) expectLike((got as unknown[])[i], item, `${where}[${i}]`);
  } else if (typeof said === 'object' && said !== null) {
    expect(Object.keys(got as object).sort(), where).toEqual(Object.keys(said).sort());
    for (const [key, value] of Object.entries(said))
      expectLike((got as Record<string, unknown>)[key], value, `${where}.${key}`);
  } else expect(typeof got, where).toBe(typeof said);
}

/** JSON where it is, with `…` at the end of a list as an item of it. */
function read(line: string): unknown {
  try {
    return JSON.parse(line.replaceAll(`, ${ELLIPSIS}]`, `,"${ELLIPSIS}"]`));
  } catch {
    return line.replace(/\d+$/, 'N');
  }
}

const transcripts = transcriptsOf(PAGE);

test('there are some', () => {
  expect(transcripts.length).toBeGreaterThan(8);
  for (const { command } of transcripts) expect(command).toContain(ADDRESS);
});

test.for(transcripts)('$command', async ({ command, answer }) => {
  const { stdout } = await promisify(execFile)('bash', ['-c', command.replaceAll(ADDRESS, running.url)]);
  const got = stdout.trimEnd().split('\n');
  expect(got).toHaveLength(answer.length);
  for (const [i, line] of answer.entries()) expectLike(read(got[i] as string), read(line), `line ${i}`);
});
