/**
 * Clients that people have, each against `ovembed serve`: they get the vectors that a plain request gets. Their packages
 * (test/clients, from its lockfile and with hashes) are installed for the full tests only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { ensurePythonPackages, PYTHON } from '../../scripts/models/python-packages.mjs';
import { outcome } from './cli/support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const CLIENTS = join(import.meta.dirname, '../clients');
const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const KEY = 'secret';
const TEXTS = ['the river runs', 'seven old mills', 'a much longer text about nothing in particular'];

type Vectors = number[][];

describe.runIf(FULL)('clients of', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-clients-'));
  let server: ChildProcess;
  let address: string;
  let expected: Vectors;

  beforeAll(async () => {
    writeTinyModel(tinyModels.mean, join(folder, 'model'));
    const args = [MAIN, 'serve', join(folder, 'model'), '--port', '0', '--json', '--cache-dir', folder];
    server = spawn(process.execPath, args, {
      env: { ...process.env, OVEMBED_API_KEY: KEY },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    address = await new Promise((resolve, reject) => {
      let said = '';
      server.stderr?.on('data', (chunk) => {
        said += chunk;
        const found = /"address":"([^"]+)"/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      server.on('exit', () => reject(new Error(said)));
    });
    expected = await vectors({ input: TEXTS });
  });
  afterAll(() => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  async function vectors(body: object): Promise<Vectors> {
    const response = await fetch(`${address}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify(body),
    });
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    return data.map(({ embedding }) => embedding);
  }

  async function run(command: string, script: string, env: NodeJS.ProcessEnv = {}) {
    const model = join(folder, 'model');
    const child = spawn(command, [join(CLIENTS, script), address, KEY, model], { env: { ...process.env, ...env } });
    child.stdin.end(JSON.stringify(TEXTS));
    const { code, stdout, stderr } = await outcome(child);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  }

  /** Some send the text's vector as float, some as base64 of float32: equal as float32. */
  const same = (got: Vectors, wanted = expected) => {
    expect(got.map((row) => Array.from(Float32Array.from(row)))).toEqual(
      wanted.map((row) => Array.from(Float32Array.from(row))),
    );
  };
  const first = () => expected[0] as number[];

  describe('JavaScript', () => {
    let got: Record<'langchain' | 'llamaindex' | 'aiSdk', { documents: Vectors; query: number[] }> & {
      langchain: { dimensions: Vectors };
      aiSdk: { usage: { tokens: number } };
    };
    beforeAll(async () => {
      if (!existsSync(join(CLIENTS, 'node_modules'))) {
        const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
        const child = spawn('npm', args, {
          cwd: CLIENTS,
          stdio: ['ignore', 2, 2],
          shell: process.platform === 'win32',
        });
        expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
      }
      got = await run(process.execPath, 'clients.mjs');
    }, 600_000);

    test('LangChain', async () => {
      same(got.langchain.documents);
      same([got.langchain.query], [first()]);
      same(got.langchain.dimensions, await vectors({ input: TEXTS, dimensions: 8 }));
    });

    test('LlamaIndex', () => {
      same(got.llamaindex.documents);
      same([got.llamaindex.query], [first()]);
    });

    test('Vercel’s AI SDK', async () => {
      same(got.aiSdk.documents);
      same([got.aiSdk.query], await vectors({ input: TEXTS[0], dimensions: 8 }));
      expect(got.aiSdk.usage.tokens).toBeGreaterThan(0);
    });
  });

  describe('Python', () => {
    // biome-ignore lint/suspicious/noExplicitAny: what the script prints
    let got: any;
    beforeAll(async () => {
      const packages = await ensurePythonPackages(join(CLIENTS, 'requirements.txt'));
      got = await run(PYTHON, 'clients.py', { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' });
    }, 600_000);

    test('openai', async () => {
      const { openai } = got;
      same(openai.default);
      same(openai.float);
      same(openai.single, [first()]);
      same(openai.dimensions, await vectors({ input: TEXTS, dimensions: 8 }));
      same(openai.extra, await vectors({ input: TEXTS, input_type: 'query' }));
      expect(openai.usage.prompt_tokens).toBe(openai['tokens header']);
      expect(openai.models).toEqual([openai.model]);
    });

    test('openai, when something is wrong', () => {
      expect(got.openai.failures).toEqual({
        empty: ['BadRequestError', 400, 'ERR_EMPTY', 'input'],
        'unknown model': ['NotFoundError', 404, 'model_not_found', 'model'],
        'too many dimensions': ['BadRequestError', 400, 'ERR_INVALID_ARGUMENT', null],
        'wrong key': ['AuthenticationError', 401, 'invalid_api_key', null],
        timeout: ['InternalServerError', 504, 'ERR_TIMEOUT', null],
      });
    });

    test('huggingface_hub', () => {
      const { feature_extraction, normalize, truncate } = got.huggingface;
      same(feature_extraction, [first()]);
      expect(Math.abs(Math.hypot(...normalize[0]) - 1)).toBeGreaterThan(0.01);
      expect(truncate).toEqual([1, first().length]);
      const dot = (row: number[]) => row.reduce((sum, value, i) => sum + value * (first()[i] as number), 0);
      const cosines: number[] = got.similarity.sentence_similarity;
      expect(cosines).toHaveLength(TEXTS.length - 1);
      for (const [i, cosine] of cosines.entries()) expect(cosine).toBeCloseTo(dot(expected[i + 1] as number[]), 5);
    });

    test('LangChain', () => {
      same(got.langchain.documents);
      same([got.langchain.query], [first()]);
    });
  });
});
