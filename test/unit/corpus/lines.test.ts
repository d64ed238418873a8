import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Line, splitLines } from '../../../lib/corpus/readers/lines.js';

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

const tooLong = (number: number, problem: string) => new RangeError(`file:${number}: ${problem}`);

async function linesOf(text: string, size = 64, maxBytes?: number): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of splitLines(chunked(Buffer.from(text), size), tooLong, maxBytes)) lines.push(line);
  return lines;
}

const texts = (lines: Line[]) => lines.map(({ bytes }) => bytes.toString());

describe('splitLines', () => {
  test.each([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\r\n\r\nb', ['a', '', 'b']],
    ['a\rb\n', ['a\rb']],
    ['a\n\n', ['a', '']],
  ])('%j', async (text, expected) => {
    expect(texts(await linesOf(text))).toEqual(expected);
  });

  test('does not depend on where chunks end', async () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '😀', '\n', '\r\n', ' '), { maxLength: 60 })
      .map((all) => all.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 20 }), async (content, size) => {
        expect(await linesOf(content, size)).toEqual(await linesOf(content, 1_000));
      }),
    );
  });

  test('counts lines from 1, and the bytes up to their ends', async () => {
    const lines = await linesOf('é\r\n\nlast', 2);
    expect(lines.map(({ number, end }) => [number, end])).toEqual([
      [1, 4],
      [2, 5],
      [3, 9],
    ]);
  });

  test('rejects a line that is too long, also one that has not ended yet', async () => {
    expect(texts(await linesOf('12345678\n', 3, 9))).toEqual(['12345678']);
    await expect(linesOf('ok\n123456789\n', 3, 9)).rejects.toThrow(
      new RangeError('file:2: the line is longer than 9 bytes'),
    );
    await expect(linesOf('1234567890', 3, 9)).rejects.toThrow(RangeError);
  });
});
