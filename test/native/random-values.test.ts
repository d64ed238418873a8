/**
 * Every native entry with random JavaScript values: a result or an Error, and a process that goes on. A failure names its
 * case: `node test/native/random-values-child.cjs MODEL N N+1` repeats it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from './support.js';

const CASES = process.env.OVEMBED_TEST_FULL === '1' ? 100_000 : 3_000;

const folder = temporaryFolder();
const model = join(folder, 'model');
writeTinyModel(tinyModels.mean, model);

test(
  `${CASES} calls with random values`,
  () => {
    const program = join(import.meta.dirname, 'random-values-child.cjs');
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ['--unhandled-rejections=strict', program, model, '0', String(CASES)],
      // There: lockFile() makes files of whatever name it is given.
      { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26, timeout: CASES * 100 },
    );
    const last = stdout.trim().split('\n').slice(-2);
    expect({ status, signal, last, stderr }).toEqual({
      status: 0,
      signal: null,
      last: [`${CASES - 1}`, 'same'],
      stderr: '',
    });
  },
  CASES * 100,
);
