import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { adviceFor } from '../../../lib/devices/absent.js';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-dev-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A /dev with these files. */
function devices(name: string, files: Record<string, number>): string {
  const dev = join(folder, name);
  mkdirSync(dev);
  for (const [file, mode] of Object.entries(files)) {
    mkdirSync(join(dev, file, '..'), { recursive: true });
    writeFileSync(join(dev, file), '');
    chmodSync(join(dev, file), mode);
  }
  return dev;
}

describe('a device that OpenVINO does not find on Linux', () => {
  test('is none that the kernel shows', async () => {
    const dev = devices('none', { 'dri/card0': 0o600, 'accel/by-path': 0o600 });
    expect(await adviceFor('NPU', 'linux', dev)).toContain(`shows none in ${dev}/accel: the machine has no NPU`);
    expect(await adviceFor('GPU.1', 'linux', dev)).toContain('i915 or xe');
  });

  test.skipIf(process.getuid?.() === 0)('may not be opened by this user', async () => {
    const dev = devices('closed', { 'accel/accel0': 0o000 });
    expect(await adviceFor('NPU', 'linux', dev)).toContain('accel0 in');
    expect(await adviceFor('NPU', 'linux', dev)).toContain('often render');
  });

  test('lacks the part of its driver that OpenVINO talks to', async () => {
    const dev = devices('open', { 'accel/accel0': 0o600, 'dri/renderD128': 0o600 });
    expect(await adviceFor('NPU', 'linux', dev)).toContain('intel-level-zero-npu');
    expect(await adviceFor('GPU', 'linux', dev)).toMatch(/renderD128 .*intel-opencl-icd/);
  });
});

test('elsewhere, and of other kinds, little is known', async () => {
  expect(await adviceFor('NPU', 'win32')).toContain('driver for its NPU');
  expect(await adviceFor('TPU', 'linux')).toBe('');
});
