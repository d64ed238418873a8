/** `ovembed info --device`: whether a model can run there. No NPU is here, so what a device says of operations is the CPU's. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeOddIr } from './odd-ir.js';
import { ROOT, Workplace } from './support.js';

const place = new Workplace();

async function report(...args: string[]) {
  const { code, stdout, stderr } = await place.run('info', '--json', ...args);
  const { deviceReport, problems } = JSON.parse(stdout);
  return { code, stderr, deviceReport, problems };
}

const fixed = (width: number) => ({ shape: { rows: 1, width }, problem: null, openOperations: 0, origins: [] });

describe('a device that is here', () => {
  test('is asked, and told what it takes', async () => {
    const { code, deviceReport, problems } = await report(
      '--device',
      'CPU',
      '--precision',
      'f32',
      '--buckets',
      '16,64,65',
    );
    expect([code, problems]).toEqual([0, []]);
    expect(deviceReport).toMatchObject({
      device: 'CPU',
      problem: null,
      driver: null,
      capabilities: expect.arrayContaining(['FP32']),
      compiler: 'package',
      properties: { INFERENCE_PRECISION_HINT: expect.any(String) },
      takesOneShape: false,
      precision: 'f32',
      source: place.file('model/model.safetensors'),
      shapes: [
        { ...fixed(16), unsupported: [], compiled: null },
        { ...fixed(64), unsupported: [], compiled: null },
        { shape: { rows: 1, width: 65 }, problem: 'The model reads at most 64 tokens.', unsupported: null },
      ],
      fits: null,
    });
    expect(deviceReport.name).not.toBe('');
    expect(deviceReport.operations).toBeGreaterThan(50);
    expect(deviceReport.weightsBytes).toBe(readFileSync(place.file('model/model.safetensors')).length);
  });

  test('for people', async () => {
    const { stdout } = await place.run('info', '--device', 'CPU', '--precision', 'f32', '--buckets', '16');
    expect(stdout).toMatch(/\n\nOn CPU\n {2}state {8}\S.*, no driver of its own\n {2}can {10}.*FP32/);
    expect(stdout).toMatch(/\n {2}\[1, 16\] {6}all shapes fixed; all operations supported; not compiled yet\n/);
    expect(stdout).toMatch(/\n {2}conclusion {3}nothing stands against it\n/);
  });

  test('finds what is in the cache', async () => {
    const program = `require(${JSON.stringify(join(ROOT, 'dist/index.js'))}).Embedder
      .load(undefined, { device: 'CPU', precision: 'f32', shapes: 'static', buckets: [16] }).then((it) => it.close())`;
    await promisify(execFile)(process.execPath, ['-e', program], { env: place.env });
    const { deviceReport } = await report('--device', 'CPU', '--precision', 'f32', '--buckets', '16,32');
    expect(deviceReport.shapes).toMatchObject([{ compiled: 'cache' }, { compiled: null }]);
  });

  test('finds what was compiled ahead', async () => {
    await place.run('convert', '--output', 'ahead', '--precision', 'f32', '--device', 'CPU', '--buckets', '16');
    const { deviceReport } = await report(
      '--model',
      './ahead',
      '--device',
      'CPU',
      '--precision',
      'f32',
      '--buckets',
      '16,32',
    );
    expect(deviceReport.shapes).toMatchObject([{ compiled: 'model folder' }, { compiled: null }]);
    expect(deviceReport.fits).toBe(true);
  });
});

describe('a device that is not here', () => {
  test.skipIf(process.platform === 'win32')('NPU: the shapes are told all the same', async () => {
    const { code, deviceReport, problems } = await report('--device', 'NPU');
    expect([code, problems]).toEqual([0, []]); // the CPU stands in
    expect(deviceReport).toMatchObject({
      device: 'NPU',
      name: null,
      problem: expect.stringMatching(/There is no device "NPU" on this machine; available: CPU .*accel/),
      compiler: null,
      capabilities: expect.arrayContaining(['FP16', 'INT8']),
      properties: { NPU_DRIVER_VERSION: null },
      takesOneShape: true,
      precision: 'f16',
      shapes: [32, 48].map((width) => ({ ...fixed(width), unsupported: null, compiled: null })), // no more than it reads
      fits: null,
    });
    const { stdout } = await place.run('info', '--device', 'NPU');
    expect(stdout).toMatch(/\nOn NPU\n {2}state {8}There is no device/);
    expect(stdout).toMatch(/\n {2}compiler {5}none: /);
    expect(stdout).toMatch(
      /\n {2}\[1, 32\] {6}all shapes fixed; operations not asked, as the device is not here; not compiled/,
    );
    expect(stdout).toMatch(/\n {2}conclusion {3}not on this machine; the shapes of the model are no obstacle\n/);
  });

  test('one that OpenVINO has no plugin for is a problem', async () => {
    const { code, deviceReport, problems } = await report('--device', 'TPU');
    expect([code, deviceReport]).toEqual([5, null]);
    expect(problems.map(({ part }: { part: string }) => part)).toEqual(['model', 'report']);
    expect(problems[1].message).toContain("no plugin for 'TPU'");
  });
});

describe('a model that cannot run everywhere', () => {
  beforeAll(() => {
    cpSync(place.file('model'), place.file('odd'), { recursive: true });
    mkdirSync(place.file('odd/openvino'));
    writeOddIr(join(place.file('odd'), 'openvino/openvino_model'));
  });

  test('shapes that depend on values, for a device that takes one', async () => {
    const { deviceReport } = await report('--model', './odd', '--device', 'NPU', '--buckets', '16');
    expect(deviceReport.source).toBe(place.file('odd/openvino/openvino_model.xml'));
    const origins = [{ type: 'NonZero', name: 'where' }];
    expect(deviceReport).toMatchObject({ fits: false, shapes: [{ openOperations: 2, origins, unsupported: null }] });
    const { stdout } = await place.run('info', '--model', './odd', '--device', 'NPU', '--buckets', '16');
    expect(stdout).toMatch(
      /\n {2}\[1, 16\] {6}shapes of 2 of \d+ operations stay open, from NonZero "where" on; operations not asked/,
    );
    expect(stdout).toMatch(/\n {2}conclusion {3}the model cannot run on this device\n/);
  });

  test('operations that the device does not take', async () => {
    const { code, deviceReport } = await report('--model', './odd', '--device', 'CPU', '--buckets', '16');
    expect(code).toBe(5); // it does not load either
    expect(deviceReport.fits).toBe(false);
    expect(deviceReport.shapes[0].unsupported).toContainEqual({ type: 'LRN', name: 'odd' });
    const { stdout } = await place.run('info', '--model', './odd', '--device', 'CPU', '--buckets', '16');
    expect(stdout).toMatch(/\n {2}\[1, 16\] .*; not supported: .*LRN "odd"/);
  });
});
