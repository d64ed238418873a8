/** Downloads that fail: what is said, what is left behind, and that a later one succeeds. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OvembedErrorCode } from '../../../../lib/errors.js';
import { type Answer, COMMIT, type Fault, ID, listen, send, sha256 } from '../../../fake-hub/server.js';
import { failure, MINI, MODULES, POOLING } from '../folders.js';
import { HubBench, tree } from './support.js';

const weights = MINI['model.safetensors'] as string;
const small = 'tokenizer.json';
const large = 'model.safetensors';

/** Another answer for one file; weights are meant where they are stored. */
function instead(file: string, give: (answer: Answer) => void): Fault {
  return (answer) => {
    const isMeant = answer.file === file && (file !== large || answer.on === 'storage');
    if (isMeant) give(answer);
    return isMeant;
  };
}

const withStatus = (file: string, status: number, headers = {}) =>
  instead(file, ({ response }) => response.writeHead(status, headers).end());
const withHeaders = (file: string, headers: Record<string, string>) =>
  instead(file, (answer) => send({ ...answer, headers: { ...answer.headers, ...headers } }));
const withBody = (file: string, body: string) =>
  instead(file, (answer) => send({ ...answer, status: 200, body: Buffer.from(body) }));
const gated = { 'x-error-code': 'GatedRepo', 'x-error-message': 'Access to model org/tiny is restricted.' };

describe('a download that fails says why, and leaves no ref and no half file', () => {
  test.each<[string, Fault, OvembedErrorCode, string[]]>([
    ['a small file with other content', withBody(small, '{"version":"2.0"}'), 'ERR_DOWNLOAD', [small, 'hash']],
    ['weights with other content', withBody(large, 'WEIGHTS'), 'ERR_DOWNLOAD', [large, sha256(weights)]],
    ['weights that are too long', withBody(large, `${weights}!`), 'ERR_DOWNLOAD', [large, 'more than the stated 7']],
    ['weights that are stated too long', withHeadSize(9), 'ERR_DOWNLOAD', [large, 'no bytes from 7 on, though 9 are']],
    ['weights that are stated too short', withHeadSize(5), 'ERR_DOWNLOAD', [large, 'more than the stated 5']],
    ['HTTP 500', withStatus(small, 500), 'ERR_DOWNLOAD', [small, 'HTTP 500', '3 tries']],
    ['HTTP 401', withStatus('modules.json', 401), 'ERR_DOWNLOAD', ['HTTP 401', 'HF_TOKEN', 'private']],
    [
      'HTTP 401, as the hub answers for a name it does not have',
      withStatus('modules.json', 401, { 'x-error-code': 'RepoNotFound' }),
      'ERR_MODEL_NOT_FOUND',
      ['Check the name', 'HF_TOKEN'],
    ],
    ['HTTP 403', withStatus(small, 403), 'ERR_DOWNLOAD', ['HTTP 403', 'gated']],
    ['a gated model', withStatus('modules.json', 403, gated), 'ERR_DOWNLOAD', ['Ask for access', ID, 'restricted.']],
    [
      'no such model',
      withStatus('modules.json', 404, { 'x-error-code': 'RepoNotFound' }),
      'ERR_MODEL_NOT_FOUND',
      [ID, 'main'],
    ],
    [
      'a required file missing',
      withStatus(small, 404, { 'x-repo-commit': COMMIT }),
      'ERR_MODEL_INVALID',
      [small, COMMIT],
    ],
    ['no ETag', withHeaders(small, { etag: '' }), 'ERR_DOWNLOAD', [small, 'ETag']],
    ['an ETag that leads elsewhere', withHeaders(small, { etag: '"../../../evil"' }), 'ERR_DOWNLOAD', ['ETag', 'evil']],
    ['redirects in a circle', withStatus(small, 302, { location: '?again' }), 'ERR_DOWNLOAD', [small, '10 redirects']],
    ['a redirect to a file', withStatus(small, 302, { location: 'file:///etc/passwd' }), 'ERR_DOWNLOAD', ['file:']],
  ])('%s', async (_, fault, code, fragments) => {
    const hub = await HubBench.start({}, fault);
    const problem = await failure(hub.resolve());
    expect(problem.code).toBe(code);
    for (const fragment of [hub.endpoint, 'local cache', ...fragments]) expect(problem.message).toContain(fragment);

    const left = tree(hub.settings.cache);
    expect(left.filter((name) => /refs|incomplete|evil/.test(name))).toEqual([]);
    // Nothing that was written stands in the way once the fault is gone.
    hub.fault = undefined;
    expect((await hub.resolve()).revision).toBe(COMMIT);
  });

  function withHeadSize(size: number): Fault {
    return (answer) => {
      const isMeant = answer.file === large && answer.on === 'hub';
      if (isMeant) send({ ...answer, headers: { ...answer.headers, 'x-linked-size': size } });
      return isMeant;
    };
  }

  test('weights that end too early, again and again, stay to be gone on with', async () => {
    const hub = await HubBench.start({}, withBody(large, 'weig'));
    const problem = await failure(hub.resolve());
    expect(problem.message).toContain('4 of 7 bytes came (3 tries)');
    expect(tree(hub.repo).filter((name) => /refs|incomplete/.test(name))).toEqual([
      `blobs/${sha256(weights)}.incomplete`,
    ]);
    hub.fault = undefined;
    await hub.resolve();
    expect(hub.downloads(large).at(-1)?.range).toBe('bytes=4-');
  });

  test.each(['hub', 'storage'] as const)('silence of the %s', async (on) => {
    const hub = await HubBench.start({}, (answer) => answer.file === large && answer.on === on);
    hub.settings.timeoutMs = 300;
    const problem = await failure(hub.resolve());
    expect(problem.message).toContain('nothing came for 0.3 s (3 tries)');
    expect(problem.message).toContain(large);
  });

  test('silence in the middle of a file, though not of a slow one', async () => {
    const hub = await HubBench.start();
    hub.settings.timeoutMs = 500;
    hub.settings.retry = { ...hub.settings.retry, attempts: 1 };
    const drip = (stopAt: number) =>
      instead(large, ({ response, body, status, headers, content }) => {
        response.writeHead(status, { ...headers, 'content-length': body.length });
        const pieces = body.subarray(0, Math.max(0, stopAt - (content.length - body.length)));
        for (const [index, byte] of pieces.entries()) setTimeout(() => response.write(Buffer.of(byte)), index * 150);
      });
    hub.fault = drip(3);
    expect((await failure(hub.resolve())).message).toContain('nothing came');
    hub.fault = drip(weights.length);
    expect((await hub.resolve()).revision).toBe(COMMIT);
  });

  test('nobody listens: that is said at once', async () => {
    const hub = await HubBench.start();
    hub.settings.endpoint = 'http://127.0.0.1:9';
    hub.settings.retry = { attempts: 3, firstDelayMs: 60_000, longestDelayMs: 60_000, longestWaitMs: 60_000 };
    const problem = await failure(hub.resolve());
    expect(problem.code).toBe('ERR_DOWNLOAD');
    expect(problem.message).toMatch(/127\.0\.0\.1:9.*ECONNREFUSED/);
    expect(problem.cause).toBeInstanceOf(AggregateError);
  });

  test('a server that is no hub', async () => {
    const hub = await HubBench.start();
    hub.settings.endpoint = await listen((_, response) => response.end('<html>Please sign in</html>'));
    const problem = await failure(hub.resolve());
    expect(problem.code).toBe('ERR_DOWNLOAD');
    expect(problem.message).toContain('this is no hub');
  });

  test.each(['no address', 'ftp://example.org', 'huggingface.co'])('an endpoint that reads "%s"', async (endpoint) => {
    const hub = await HubBench.start();
    hub.settings.endpoint = endpoint;
    expect((await failure(hub.resolve())).message).toContain('HF_ENDPOINT is no address');
  });
});

describe('modules of a model', () => {
  const dense = { idx: 3, name: '3', path: '2_Dense', type: 'sentence_transformers.models.Dense' };

  test('that ovembed does not run are refused before any weights are fetched', async () => {
    const hub = await HubBench.start({
      'modules.json': [...MODULES, { ...dense, type: 'sentence_transformers.models.WordWeights' }],
    });
    const problem = await failure(hub.resolve());
    expect(problem.code).toBe('ERR_MODEL_UNSUPPORTED');
    expect(hub.downloads(large)).toEqual([]);
  });

  test('whose configuration is missing', async () => {
    const hub = await HubBench.start({ '1_Pooling/config.json': null });
    expect((await failure(hub.resolve())).message).toContain('1_Pooling/config.json');
    hub.files['1_Pooling/config.json'] = POOLING;
    expect((await hub.resolve()).revision).toBe(COMMIT);
  });
});

test('a cache of another program in the place of a file is an error of the file system, with its reason', async () => {
  const hub = await HubBench.start();
  hub.settings.cache = join(hub.settings.cache, 'x'.repeat(300));
  const problem = await failure(hub.resolve());
  expect(problem.code).toBe('ERR_DOWNLOAD');
  expect(problem.message).toContain('ENAMETOOLONG');
});
