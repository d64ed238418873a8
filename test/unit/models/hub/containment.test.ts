/** Nothing that a server or a folder says leads to a file outside of the cache. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMIT, sha256 } from '../../../fake-hub/server.js';
import { failure, MINI, MODULES, temporaryFolder, writeFiles } from '../folders.js';
import { HubBench } from './support.js';

const weights = MINI['model.safetensors'] as string;

describe('a module folder that leads elsewhere is asked for nowhere', () => {
  test.each([
    '../evil',
    '../../../../evil',
    '/evil',
    'C:/evil',
    'C:evil',
    '\\\\host\\evil',
    '\\evil',
    'a\\..\\..\\evil',
    'a/../../evil',
  ])('%s', async (path) => {
    const hub = await HubBench.start({ 'modules.json': [MODULES[0], { ...MODULES[1], path }] });
    const problem = await failure(hub.resolve());
    expect(problem.code).toBe('ERR_MODEL_INVALID');
    expect(problem.message).toContain(JSON.stringify(path));
    expect(hub.requests.filter((request) => request.path.includes('evil'))).toEqual([]);
    expect(readdirSync(hub.settings.cache).sort()).toEqual(['.locks', 'models--org--tiny']);
  });
});

describe('a link in the cache', () => {
  const links: [string, string][] = [
    ['the repository', '.'],
    ['the blobs', 'blobs'],
    ['the snapshots', 'snapshots'],
    ['a snapshot', `snapshots/${COMMIT}`],
    ['a folder of a snapshot', `snapshots/${COMMIT}/1_Pooling`],
    ['the refs', 'refs'],
    ['the markers', '.no_exist'],
    ['the locks', '../.locks'],
  ];

  test.each(links)('in the place of %s, out of it, is not followed', async (_, place) => {
    const hub = await HubBench.start();
    const outside = temporaryFolder();
    mkdirSync(join(hub.repo, place, '..'), { recursive: true });
    symlinkSync(outside, join(hub.repo, place));
    const problem = await failure(hub.resolve());
    expect(problem.code).toBe('ERR_DOWNLOAD');
    expect(problem.message).toContain(`leads out of the cache ${hub.settings.cache}, to ${outside}`);
    expect(readdirSync(outside)).toEqual([]);
  });

  test('that leads nowhere is not followed either', async () => {
    const hub = await HubBench.start();
    const outside = join(temporaryFolder(), 'new');
    mkdirSync(hub.repo, { recursive: true });
    symlinkSync(outside, join(hub.repo, 'blobs'));
    expect((await failure(hub.resolve())).code).toBe('ERR_DOWNLOAD');
    expect(existsSync(outside)).toBe(false);
  });

  test('in the place of a file that is being downloaded is not written through', async () => {
    const hub = await HubBench.start();
    const outside = join(writeFiles(temporaryFolder(), { precious: 'wei' }), 'precious');
    mkdirSync(join(hub.repo, 'blobs'), { recursive: true });
    symlinkSync(outside, join(hub.repo, 'blobs', `${sha256(weights)}.incomplete`));
    const problem = await failure(hub.resolve());
    expect(problem.message).toContain('ELOOP');
    expect(readFileSync(outside, 'utf8')).toBe('wei');
  });

  test('within the cache, or in the place of the cache, is used', async () => {
    const hub = await HubBench.start();
    const behind = hub.settings.cache;
    mkdirSync(join(behind, 'elsewhere'));
    symlinkSync('elsewhere', join(behind, 'models--org--tiny'));
    hub.settings.cache = join(temporaryFolder(), 'cache');
    symlinkSync(behind, hub.settings.cache);
    await hub.resolve();
    expect(readdirSync(join(behind, 'elsewhere')).sort()).toEqual(['.no_exist', 'blobs', 'refs', 'snapshots']);
  });
});
