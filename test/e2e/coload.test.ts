/**
 * Other native packages in one process with ovembed, before it and after it. They take some 340 MB, so they are installed
 * (test/coload, from its lockfile) for the full tests only.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';

const PEERS = join(import.meta.dirname, '../coload');
const CHILD = join(import.meta.dirname, 'coload/child.cjs');
const FULL = process.env.OVEMBED_TEST_FULL === '1';
const names = ['onnxruntime-node', 'sharp', 'lmdb', 'openvino-node'];

/** Its runtime is no part of the package but fetched when that is installed, from a host that is not everywhere reached. */
const OPENVINO_RUNTIME = join(PEERS, 'node_modules/openvino-node/bin/ov_node_addon.node');

const folder = mkdtempSync(join(tmpdir(), 'ovembed-coload-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = join(folder, 'model');

/** Its exit code; null if it did not end in time. */
function npm(...args: string[]): number | null {
  const shell = process.platform === 'win32';
  return spawnSync('npm', args, { cwd: PEERS, stdio: ['ignore', 2, 2], shell, timeout: 300_000 }).status;
}

/** Loads them in this order; the process must end by itself, and well. */
function load(order: string[]): Record<string, unknown[]> {
  const output = execFileSync(process.execPath, [CHILD, PEERS, model, folder, ...order], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return JSON.parse(output) as Record<string, unknown[]>;
}

describe.runIf(FULL)('in one process with', () => {
  let alone: unknown[];
  beforeAll(() => {
    if (!names.every((name) => existsSync(join(PEERS, 'node_modules', name)))) {
      expect(npm('ci', '--ignore-scripts', '--no-audit', '--no-fund')).toBe(0);
    }
    if (!existsSync(OPENVINO_RUNTIME)) npm('rebuild', 'openvino-node');
    writeTinyModel(tinyModels.mean, model);
    alone = load(['ovembed']).ovembed as unknown[];
    expect(alone[1]).toEqual(alone[0]);
  }, 600_000);

  test.for(names)('%s, before and after', (name, { skip }) => {
    skip(name === 'openvino-node' && !existsSync(OPENVINO_RUNTIME), 'its runtime cannot be fetched here');
    for (const order of [
      [name, 'ovembed'],
      ['ovembed', name],
    ]) {
      const used = load(order);
      expect(used.ovembed).toEqual(alone);
      expect(used[name]?.[1]).toEqual(used[name]?.[0]);
    }
  });

  test('all of them, before and after', () => {
    const here = names.filter((name) => name !== 'openvino-node' || existsSync(OPENVINO_RUNTIME));
    for (const order of [
      [...here, 'ovembed'],
      ['ovembed', ...here],
    ]) {
      expect(load(order).ovembed).toEqual(alone);
    }
  });
});
