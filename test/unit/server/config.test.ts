/** Files that configure a server: each format, and what is said of what is wrong in them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../lib/server/config.js';
import { temporaryFolder } from '../../native/support.js';

const folder = temporaryFolder();
const config = { port: 1, models: [{ model: 'a/b', aliases: ['x'], lazy: true }], limits: { inputs: 7 } };
const FILES: Record<string, string> = {
  'server.json': JSON.stringify(config),
  'server.yaml': 'port: 1\nmodels:\n  - model: a/b\n    aliases: [x]\n    lazy: true\nlimits: { inputs: 7 }\n',
  'server.yml': '{port: 1, models: [{model: a/b, aliases: [x], lazy: true}], limits: {inputs: 7}}',
  'server.mjs': `export default ${JSON.stringify(config)};`,
  'server.cjs': `module.exports = ${JSON.stringify(config)};`,
  'server.ts': `export default ${JSON.stringify(config)} satisfies object;`,
};
const LOADS_TYPESCRIPT = Boolean((process.features as { typescript?: unknown }).typescript);

async function read(name: string, text: string) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return readConfig(path);
}

describe('a file', () => {
  test.for(Object.keys(FILES))('%s', async (name, { skip }) => {
    skip(name.endsWith('.ts') && !LOADS_TYPESCRIPT, 'this Node loads no TypeScript');
    expect(await read(name, FILES[name] as string)).toEqual(config);
  });

  test('is read anew each time', async () => {
    for (const port of [1, 2]) expect(await read('again.mjs', `export default { port: ${port} };`)).toEqual({ port });
  });

  test.for([
    ['bad.json', '{', 'cannot be read as a configuration'],
    ['bad.yaml', 'port: [', 'cannot be read as a configuration'],
    ['none.mjs', 'export const port = 1;', 'default export'],
    ['unknown.json', '{"hosts": 1}', 'Did you mean host?'],
    ['type.json', '{"port": "1"}', 'port'],
    ['model.json', '{"models": [{"name": "a"}]}', 'models[0].model'],
    ['option.json', '{"models": [{"model": "a", "devices": "CPU"}]}', 'Did you mean device?'],
    ['own.json', '{"models": [{"model": "a", "alias": ["b"]}]}', 'for models[0]. Did you mean aliases?'],
    ['limit.json', '{"limits": {"inputs": 0}}', 'inputs'],
    ['client.json', '{"clients": {"concurrent": 0.5}}', 'concurrent'],
    ['tls.json', '{"tls": {"certFile": ""}}', 'certFile'],
  ] as const)('that is wrong is named, and so is what is wrong in it: %s', async ([name, text, message]) => {
    await expect(read(name, text)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });

  test('that is not there is named', async () => {
    await expect(readConfig('/nowhere/server.yaml')).rejects.toThrow('/nowhere/server.yaml');
  });
});
