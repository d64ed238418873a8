/** Traces across processes, as docs/observability.md sets them up, and what is said where OpenTelemetry is not there. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { outcome } from '../cli/support.js';

const ROOT = join(import.meta.dirname, '../../..');
const MAIN = join(ROOT, 'dist/cli/main.js');
const SECRET = 'the heron stands in cold water';
const fileUrl = (...parts: string[]) => pathToFileURL(join(...parts)).href;

const folder = mkdtempSync(join(tmpdir(), 'ovembed-otel-'));
const model = join(folder, 'model');
writeTinyModel(tinyModels.mean, model);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function serve(env: NodeJS.ProcessEnv, ...args: string[]): ChildProcessWithoutNullStreams {
  const common = ['serve', model, '--port', '0', '--json', '--cache-dir', folder];
  return spawn(process.execPath, [MAIN, ...common, ...args], { env: { ...process.env, ...env } });
}

async function addressOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  for (let i = 0; i < 3_000 && child.exitCode === null; i++) {
    const address = /"address":"([^"]+)"/.exec(said)?.[1];
    if (address) return address;
    await delay(10);
  }
  throw new Error(`It did not start: ${said}`);
}

test('a trace goes from a client on into the server, which sends what it holds before it ends', async () => {
  const file = join(folder, 'spans.jsonl');
  const sdk = fileUrl(import.meta.dirname, 'sdk.mjs');
  const server = serve({ NODE_OPTIONS: `--import=${sdk}`, OTEL_TEST_FILE: file, OVEMBED_OTEL: 'true' });
  const ended = outcome(server);
  const address = await addressOf(server);
  const example = fileUrl(ROOT, 'examples/otel/sdk.mjs');
  const client = ['--import', example, join(import.meta.dirname, 'client.mjs'), address, SECRET];
  const printed = execFileSync(process.execPath, client, { encoding: 'utf8' });
  server.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect(code, stderr).toBe(0);

  const [traceId] = /(?<=traceId: ')[0-9a-f]{32}/.exec(printed) as RegExpExecArray;
  expect(printed).toContain("name: 'embeddings ");
  expect(printed).toContain("name: 'gen_ai.client.operation.duration'");
  const written = readFileSync(file, 'utf8');
  const spans = written
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const ours = spans.filter((span) => span.traceId === traceId);
  const request = ours.find(({ name }) => name === 'POST /ovembed/v1/embed');
  const call = ours.find(({ name }) => name.startsWith('embeddings '));
  expect(printed).toContain(`id: '${request.parent}'`);
  expect(call.parent).toBe(request.spanId);
  expect(call.attributes['ovembed.texts']).toBe(2);
  expect(printed + written).not.toContain('heron');
});

test('a server says so where no SDK is registered', async () => {
  const server = serve({}, '--otel');
  const ended = outcome(server);
  await addressOf(server);
  server.kill('SIGTERM');
  expect((await ended).stderr).toContain('no OpenTelemetry SDK is registered');
});

describe('without @opentelemetry/api', () => {
  const without = join(import.meta.dirname, 'without-api.cjs');
  const MESSAGE = 'npm install @opentelemetry/api';

  test('ovembed/otel can be loaded, by require and import, and says what to install', () => {
    const program = `
      const tell = async ({ instrument }) => console.log(await instrument().catch(({ code, message }) => code + ' ' + message));
      tell(require('ovembed/otel')).then(async () => tell(await import('ovembed/otel')));`;
    const args = ['--require', without, '-e', program];
    const lines = execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(new RegExp(`^ERR_INVALID_ARGUMENT .*${MESSAGE}`));
  });

  test('a server that is asked for it does not start, and says what to install; one that is not asked starts', async () => {
    const env = { NODE_OPTIONS: `--require=${without}` };
    const { code, stderr } = await outcome(serve(env, '--otel'));
    expect([code, stderr]).toEqual([2, expect.stringContaining(MESSAGE)]);
    const server = serve(env);
    const ended = outcome(server);
    await addressOf(server);
    server.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });
});
