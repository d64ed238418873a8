/** convert, quantize and verify as a user runs them, and precisions that a CPU does not run. */
import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { Workplace } from './support.js';

const place = new Workplace();
const words = ['wind', 'sea', 'the', 'over', 'of', 'and', 'a', 'b', 'c'];
const lines = Array.from({ length: 40 }, (_, i) => words.map((_, j) => words[(i * j + i) % words.length]).join(' '));
writeFileSync(place.file('texts.txt'), `${[...new Set(lines)].join('\n')}\n`);

test('convert writes a folder that gives the vectors of int8, and leaves alone what is there', async () => {
  const { code, stdout } = await place.run('convert', '--output', 'int8', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ folder: place.file('int8'), weights: 'int8', source: 'safetensors' });
  const embed = ['embed', 'texts.txt', '--precision', 'int8', '--activations', 'f32', '--quiet'];
  const [original, converted] = [await place.run(...embed), await place.run(...embed, '--model', './int8')];
  expect(converted.stdout).toBe(original.stdout);
  expect(original.code).toBe(0);

  const again = await place.run('convert', '--output', 'int8');
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('where nothing is yet')]);
  const missing = await place.run('convert', './none', '--output', 'other');
  expect([missing.code, existsSync(place.file('other'))]).toEqual([4, false]);
});

describe('verify', () => {
  test('passes f32, and shows the figures', async () => {
    const { code, stdout } = await place.run('verify', '--precision', 'f32', '--texts', 'texts.txt');
    expect(stdout).toMatch(/ {2}cosine {4}mean 1\.00000, p1 1\.00000, min 1\.00000 over \d+ texts\n/);
    expect(stdout).toMatch(/\nVerdict: pass\n$/);
    expect(code).toBe(0);
  });

  test('fails other vectors with exit code 7', async () => {
    writeTinyModel({ ...tinyModels.mean, pooling: 'CLS' }, place.file('other'));
    const { code, stdout } = await place.run('verify', '--precision', 'f32', '--reference', './other', '--json');
    expect(code).toBe(7);
    expect(JSON.parse(stdout).verdict).toMatchObject({ passed: false, failures: ['the mean cosine is below 0.9999'] });
  });

  test('takes pairs from a file, and the original of a model that is stored in int8', async () => {
    writeFileSync(place.file('pairs.tsv'), 'wind\tsea\t1\nthe sea\tthe sea wind\t3\nover\tover\t5\n');
    const { stdout } = await place.run('verify', './int8', '--reference', './model', '--pairs', 'pairs.tsv', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ precision: 'int8', pairs: 3, cosine: { mean: expect.any(Number) } });
  });

  test('wants the original of a model that is stored in int8', async () => {
    const { code, stderr } = await place.run('verify', './int8');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--reference')]);
  });

  test.each(['a\tb\n', 'a\tb\tmuch\n'])('names the line of a pair file that is wrong: %j', async (line) => {
    writeFileSync(place.file('wrong.tsv'), line);
    const { code, stderr } = await place.run('verify', '--pairs', 'wrong.tsv');
    expect([code, stderr]).toEqual([3, expect.stringContaining('wrong.tsv:1: ')]);
  });
});

test('quantize writes a folder in calibrated int8', async () => {
  const { code, stderr } = await place.run('quantize', '--calibration', 'texts.txt', '--output', 'static', '--quiet');
  expect([code, stderr]).toEqual([0, '']);
  const info = await place.run('info', '--json', '--model', './static', '--precision', 'f32');
  expect(JSON.parse(info.stdout).model).toMatchObject({ precision: 'int8', activations: 'int8-static' });
});

describe('models that are more than one file, and texts longer than the model', () => {
  const folder = place.file('sharded');
  writeTinyModel({ ...tinyModels.mean, layout: 'old', shards: 2, maxSeqLength: 80 }, folder);
  writeFileSync(place.file('long.txt'), `${words.join(' ').repeat(30)}\n${lines.join('\n')}\n`);

  test('convert reads all shards', async () => {
    const { code, stderr } = await place.run(
      'convert',
      './sharded',
      '--output',
      'sharded-f32',
      '--precision',
      'f32',
      '--quiet',
    );
    expect([code, stderr]).toEqual([0, '']);
    const embed = (model: string) => place.run('embed', 'texts.txt', '--precision', 'f32', '--quiet', '--model', model);
    expect((await embed('./sharded-f32')).stdout).toBe((await embed('./sharded')).stdout);
  });

  test('quantize cuts texts at the positions of the model', async () => {
    const { code, stderr } = await place.run(
      'quantize',
      './sharded',
      '--calibration',
      'long.txt',
      '--output',
      'static-long',
      '--quiet',
    );
    expect([code, stderr]).toEqual([0, '']);
  });
});

// oneDNN's own limit makes this CPU one without VNNI.
test.runIf(process.arch === 'x64')('activations that the CPU does not run are refused with what does', async () => {
  place.env.ONEDNN_MAX_CPU_ISA = 'AVX2';
  const refused = await place.run('embed', 'texts.txt', '--precision', 'int8', '--activations', 'int8');
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toMatch(
    /int8 \(activations int8\) is not fit for .*: .* does not run: .*\. Use activations: 'auto'/,
  );
  const info = await place.run('info', '--json', '--precision', 'int8');
  expect(JSON.parse(info.stdout).model).toMatchObject({ precision: 'int8', activations: 'f32' });
});

describe('convert --device', () => {
  test('writes compiled models beside the network', async () => {
    const flags = ['--precision', 'f32', '--device', 'CPU', '--buckets', '16, 32', '--output', 'ahead', '--json'];
    const { code, stdout } = await place.run('convert', ...flags);
    expect(code).toBe(0);
    const { compiled } = JSON.parse(stdout);
    expect(compiled.blobs.map(({ file }: { file: string }) => file)).toEqual(['1x16.blob', '1x32.blob']);
    expect(existsSync(place.file('ahead/openvino/compiled/1x16.blob'))).toBe(true);
    expect(existsSync(place.file('ahead/openvino/compiled/manifest.json'))).toBe(true);
  });

  test.each([
    [['--device', 'NPU'], '--platform'],
    [['--platform', '4000'], '--device'],
    [['--buckets', '32'], '--device'],
    [['--device', 'CPU', '--platform', '4000'], '--device NPU'],
    [['--device', 'CPU', '--buckets', '32,x'], 'integer'],
    [['--device', 'GPU'], 'NPU, CPU'],
  ])('is used as it is meant: %s', async (flags, problem) => {
    const { code, stderr } = await place.run('convert', '--output', 'wrong', ...flags);
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
  });
});
