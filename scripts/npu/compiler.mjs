/** OpenVINO's NPU compiler, which only the Windows wheel has, under Wine: no NPU, no Windows, nothing installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NPU_TREE, ROOT } from '../build/paths.mjs';
import { run } from '../build/run.mjs';
import { openvinoCmakeDirectory } from '../build/sdk.mjs';

const SOURCE = join(ROOT, 'native', 'tools', 'npu_compile.c');

/** A graph takes a few seconds. */
const TIMEOUT_MS = 300_000;

/**
 * @typedef {object} Job
 * @property {string} graph     .xml
 * @property {'NPU' | 'HETERO:NPU,CPU'} device
 * @property {string} platform  `NPU_PLATFORM`
 * @property {number} rows      0: the graph's own shapes
 * @property {number} width     tokens
 * @property {string} blob      file to write
 */

/**
 * Fetches the Windows SDK, builds native/tools/npu_compile.c against it, and makes Wine's folder.
 * @param {{ wine: string, mingw: string, python: string, log?: (line: string) => void }} tools  of requirePrerequisites
 * @returns {Promise<(job: Job) => Promise<string | null>>}  compiles; gives the reason why not, or null
 */
export async function npuCompiler({ wine, mingw, python, log = console.log }) {
  const { OpenVINO_DIR: _, ...environment } = process.env; // the user's own SDK is not for Windows
  const cmake = await openvinoCmakeDirectory({ python, platform: 'win32-x64', env: environment, log });
  const sdk = dirname(cmake);
  const program = join(NPU_TREE, 'npu_compile.exe');
  mkdirSync(NPU_TREE, { recursive: true });
  const warnings = ['-Wall', '-Wextra', '-Werror'];
  const library = join(sdk, 'libs', 'openvino_c.lib');
  run(mingw, ['-std=c11', '-O2', ...warnings, '-I', join(sdk, 'include'), SOURCE, library, '-o', program]);

  const env = {
    ...environment,
    WINEPREFIX: join(NPU_TREE, 'wine'),
    WINEPATH: join(sdk, 'libs'),
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=', // else it offers to install both
  };
  if (!existsSync(env.WINEPREFIX)) run(wine, ['wineboot', '--init'], { env, stdio: 'ignore' });
  return (job) => compile(wine, program, env, job);
}

async function compile(wine, program, env, { graph, device, platform, rows, width, blob }) {
  rmSync(blob, { force: true });
  // Not through a pipe: Wine's server inherits it and stays after the program, and the pipe with it. The compiler's own
  // messages, which name the pass that failed, are on standard output.
  const log = `${blob}.log`;
  const messages = openSync(log, 'w');
  const args = [program, windowsPath(graph), device, platform, String(rows), String(width), windowsPath(blob)];
  const child = spawn(wine, args, {
    env,
    stdio: ['ignore', messages, messages],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  closeSync(messages);
  const [status, signal] = await once(child, 'exit');
  const said = readFileSync(log, 'utf8');
  rmSync(log);
  return status === 0 ? null : reasonIn(said) || `ended with ${signal ?? `exit code ${status}`}`;
}

/** Wine shows the root of the file system as drive Z. */
const windowsPath = (path) => `Z:${path}`;

/** Without the source lines that exceptions passed. */
function reasonIn(text) {
  return text
    .replace(/Exception from \S+:\d+:\s*/g, '')
    .replace(/\[ERROR\] [\d:.]+ /g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
