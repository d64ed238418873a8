/** `ovembed pull` and `ovembed models`, as a user and a script see them. */
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMIT, ID, send } from '../../fake-hub/server.js';
import { defects, HubPlace, WEIGHTS } from './support.js';

const OTHER = 'd00d'.padEnd(40, '0');

describe('pull', () => {
  test('prints the folder, and says what came', async () => {
    const place = await HubPlace.start();
    const first = await place.pull();
    const folder = join(place.repo, 'snapshots', COMMIT);
    expect(first).toMatchObject({ code: 0, stdout: `${folder}\n` });
    expect(first.stderr).toMatch(
      new RegExp(`^${ID}, revision ${COMMIT}: \\d+ files, .* MB, \\d+ downloaded in .* s\n$`),
    );
    expect((await place.pull()).stderr).toContain('nothing new');
    expect(defects(place.cache)).toEqual([]);

    const embedded = await place.run('embed', '--model', ID, '--offline', '--quiet');
    expect(embedded).toMatchObject({ code: 0, stderr: '' });
  });

  test('--json and --quiet', async () => {
    const place = await HubPlace.start();
    const { code, stdout, stderr } = await place.pull('--json', '--revision', 'v1.0');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      model: ID,
      revision: COMMIT,
      folder: join(place.repo, 'snapshots', COMMIT),
      files: expect.any(Number),
      bytes: expect.any(Number),
      downloadedFiles: JSON.parse(stdout).files,
      seconds: expect.any(Number),
    });
    expect((await place.pull('--quiet')).stderr).toBe('');
  });

  test('does not count what another process left or is writing', async () => {
    const place = await HubPlace.start();
    const { files } = JSON.parse((await place.pull('--json')).stdout);
    symlinkSync('nowhere', join(place.repo, 'snapshots', COMMIT, `${WEIGHTS}.7157.30e9cef935dd.incomplete`));
    const again = await place.pull('--json');
    expect(again.code, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout).files).toBe(files);
    const models = JSON.parse((await place.run('models', '--json')).stdout);
    expect(JSON.stringify(models)).toContain(`"files":${files},`);
  });

  test('follows a branch that has moved on; offline it does not', async () => {
    const place = await HubPlace.start();
    await place.pull();
    place.commit = OTHER;
    expect((await place.pull('--offline')).stdout).toContain(COMMIT);
    expect((await place.pull()).stdout).toContain(OTHER);
    expect(place.downloads(WEIGHTS)).toHaveLength(1);
  });

  test.each<[string, number, string, string[]]>([
    ['a name that the hub does not have', 4, 'no model org/other', ['org/other']],
    ['no name at all', 4, '"org/name"', ['nonsense']],
    ['an option that is none', 2, 'unknown option', [ID, '--nonsense']],
  ])('%s', async (_, code, message, args) => {
    const place = await HubPlace.start();
    place.fault = ({ response }) => {
      response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end();
      return true;
    };
    const result = await place.run('pull', ...args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  test('offline, the error says that nobody was asked', async () => {
    const place = await HubPlace.start();
    const { code, stderr } = await place.pull('--offline', '--json');
    expect(code).toBe(4);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      message: expect.stringContaining('not asked, because of the offline option or HF_HUB_OFFLINE'),
    });
    expect(place.requests).toEqual([]);
  });

  test('Ctrl-C ends it, and the next one goes on from there', async () => {
    const content = Buffer.alloc(200_000, 'weights');
    const place = await HubPlace.start({ [WEIGHTS]: content });
    place.fault = (answer) => {
      if (answer.on !== 'storage') return false;
      answer.response.writeHead(200, { 'content-length': content.length });
      answer.response.write(content.subarray(0, 100_000)); // and no more
      return true;
    };
    const child = place.spawn('pull', ID);
    await expect.poll(() => place.downloads(WEIGHTS).length, { timeout: 30_000 }).toBe(1);
    const partial = join(place.repo, 'blobs', `${place.etag(WEIGHTS)}.incomplete`);
    await expect.poll(() => existsSync(partial), { timeout: 10_000 }).toBe(true);
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
    place.fault = undefined;
    expect((await place.pull()).code).toBe(0);
    expect(place.downloads(WEIGHTS).at(-1)?.range).toMatch(/^bytes=\d+-$/);
  });

  test('the token of the environment goes to the hub alone', async () => {
    const place = await HubPlace.start();
    place.env.HF_TOKEN = 'secret';
    await place.pull();
    const sent = (server: string) =>
      new Set(place.requests.filter((r) => r.server === server).map((r) => r.authorization));
    expect(sent('hub')).toEqual(new Set(['Bearer secret']));
    expect(sent('storage')).toEqual(new Set([undefined]));
  });
});

describe('models', () => {
  /** Two revisions that share all but the tokenizer. */
  async function twoRevisions(): Promise<HubPlace> {
    const place = await HubPlace.start();
    await place.pull();
    place.commit = OTHER;
    place.files['tokenizer.json'] = Buffer.concat([place.files['tokenizer.json'] as Buffer, Buffer.from('\n')]);
    await place.pull('--revision', 'v2');
    return place;
  }

  test('lists what there is', async () => {
    const place = await twoRevisions();
    const people = await place.run('models');
    expect(people.code).toBe(0);
    expect(people.stdout).toMatch(
      /^org\/tiny +\d+\.\d MB\n( {2}(c0ffee000000 main|d00d00000000 v2): \d+ files, .*\n){2}\n1 model, /,
    );
    const { models } = JSON.parse((await place.run('models', '--json')).stdout);
    expect(models).toHaveLength(1);
    expect(models[0].revisions.map(({ commit, refs, complete }: never) => ({ commit, refs, complete }))).toEqual(
      expect.arrayContaining([
        { commit: COMMIT, refs: ['main'], complete: true },
        { commit: OTHER, refs: ['v2'], complete: true },
      ]),
    );
    expect(models[0].bytes).toBeLessThan(models[0].revisions[0].bytes * 2);
  });

  test('removes a revision and keeps what others share', async () => {
    const place = await twoRevisions();
    const removed = JSON.parse((await place.run('models', 'remove', ID, '--revision', 'v2', '--json')).stdout);
    const tokenizer = (place.files['tokenizer.json'] as Buffer).length;
    expect(removed).toEqual({ model: ID, revisions: [OTHER], freedBytes: tokenizer + OTHER.length });
    expect(defects(place.cache)).toEqual([]);
    expect((await place.pull('--offline')).code).toBe(0);
    expect((await place.pull('--offline', '--revision', 'v2')).code).toBe(4);
  });

  test('removes a model', async () => {
    const place = await twoRevisions();
    const { code, stdout } = await place.run('models', 'remove', ID);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Removed org\/tiny \(2 revisions\): \d+\.\d MB freed\n$/);
    expect(readdirSync(place.cache)).toEqual(['.locks']);
    expect((await place.run('models')).stdout).toContain('There are no models');
  });

  test.each([[['../..']], [['org/other']], [[ID, '--revision', 'v3']]])(
    'remove %j, which is not there',
    async (args) => {
      const place = await twoRevisions();
      const { code, stderr } = await place.run('models', 'remove', ...args);
      expect(code).toBe(4);
      expect(stderr).toContain('"ovembed models" lists what there is');
      expect((await place.pull('--offline')).code).toBe(0);
    },
  );

  test('a revision that lacks files is marked', async () => {
    const place = await HubPlace.start();
    place.fault = (answer) => {
      if (answer.on === 'storage') send({ ...answer, status: 404 });
      return answer.on === 'storage';
    };
    expect((await place.pull()).code).toBe(4);
    expect((await place.run('models')).stdout).toContain('not complete');
  });
});
