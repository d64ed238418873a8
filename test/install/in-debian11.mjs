/** node in-debian11.mjs PROJECT MODEL   runs use.mjs of a project there, on the oldest glibc that there are binaries for. */
import { dirname } from 'node:path';
import { inDebian11 } from '../../scripts/build/debian11.mjs';

const [project, model] = process.argv.slice(2);
const folder = dirname(model);
inDebian11({
  mounts: [
    [folder, folder],
    [process.execPath, '/usr/local/bin/node'],
  ],
  env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp' },
  cwd: project,
  command: ['node', 'use.mjs', model],
});
