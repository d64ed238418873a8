/** `ovembed embed` with element types: ranges, files and what does not go together. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DIMENSIONS, Workplace } from './support.js';

const place = new Workplace();
const lines = Array.from({ length: 20 }, (_, i) => `line ${i} of the text\n`).join('');
writeFileSync(place.file('lines.txt'), lines);

const npy = (name: string) => {
  const file = readFileSync(place.file(name));
  return { header: file.toString('latin1', 10, 128), data: file.subarray(128) };
};

describe('--dtype', () => {
  test('int8 in steps of the ranges that --save-ranges found', async () => {
    const saved = await place.run('embed', 'lines.txt', '--save-ranges', 'ranges.json');
    expect(saved).toMatchObject({ code: 0, stdout: '' });
    const ranges = JSON.parse(readFileSync(place.file('ranges.json'), 'utf8'));
    expect(ranges).toMatchObject({ format: 'ovembed-ranges', version: 1, dimensions: DIMENSIONS });
    await place.run('embed', 'lines.txt', '--dtype', 'uint8', '--ranges', 'ranges.json', '-o', 'bytes.npy');
    const { header, data } = npy('bytes.npy');
    expect(header).toContain(`'descr': '|u1', 'fortran_order': False, 'shape': (20, ${DIMENSIONS})`);
    expect([data.length, Math.min(...data)]).toEqual([20 * DIMENSIONS, 0]);
    const { stdout } = await place.run('embed', 'lines.txt', '--dtype', 'int8', '--ranges', 'ranges.json');
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).embedding as number[]);
    expect(rows.flat()).toEqual(Array.from(data, (byte) => byte - 128));
  });

  test('float16, bfloat16 and bits', async () => {
    await place.run('embed', 'lines.txt', '--dtype', 'float16', '-o', 'halves.npy');
    expect(npy('halves.npy').header).toContain(`'<f2', 'fortran_order': False, 'shape': (20, ${DIMENSIONS})`);
    await place.run('embed', 'lines.txt', '--dtype', 'bfloat16', '-o', 'bfloats.npy');
    expect(npy('bfloats.npy').header).toContain(`'<V2', 'fortran_order': False, 'shape': (20, ${DIMENSIONS})`);
    await place.run('embed', 'lines.txt', '--dtype', 'ubinary', '-o', 'bits.npy');
    expect(npy('bits.npy').header).toContain(`'|u1', 'fortran_order': False, 'shape': (20, ${DIMENSIONS / 8})`);
    const { stdout } = await place.run('embed', 'lines.txt', '--dtype', 'bfloat16');
    const values = JSON.parse(stdout.split('\n')[0] as string).embedding as number[];
    expect(values.some((value) => Math.abs(value) > 0.01 && Math.abs(value) < 1)).toBe(true);
  });

  test.each([
    [['--dtype', 'int8'], /needs --ranges/],
    [['--save-ranges', 'r.json', '--dtype', 'int8'], /cannot be used with/],
    [['--dtype', 'int8', '--ranges', 'missing.json'], /missing\.json: cannot be read/],
    [['--dtype', 'int8', '--ranges', 'lines.txt'], /not valid JSON/],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await place.run('embed', 'lines.txt', ...args);
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
  });
});
