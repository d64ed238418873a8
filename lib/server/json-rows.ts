/** JSON of many vectors, written piece by piece: the event loop is never held up for long. */
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { native } from '../native.js';

/** Numbers that are written between two turns of the event loop: some 0.3 ms. */
export const SLICE_NUMBERS = 8_192;

/**
 * @param rows number of rows
 * @param width numbers per row
 * @param write the JSON of one row
 * @param frame what stands before the rows and after them
 * @returns a string where it is short, else a stream that takes turns with the event loop
 */
export function jsonRows(
  rows: number,
  width: number,
  write: (row: number) => string,
  [before, after]: readonly [string, string],
): string | Readable {
  if (rows * width <= SLICE_NUMBERS) {
    return before + Array.from({ length: rows }, (_, row) => write(row)).join(',') + after;
  }
  return Readable.from(slices(rows, Math.max(1, Math.floor(SLICE_NUMBERS / width)), write, before, after), {
    objectMode: false,
    highWaterMark: 65_536,
  });
}

async function* slices(
  rows: number,
  rowsPerSlice: number,
  write: (row: number) => string,
  before: string,
  after: string,
): AsyncGenerator<string> {
  let text = before;
  for (let row = 0; row < rows; row++) {
    if (row > 0) text += ',';
    text += write(row);
    if ((row + 1) % rowsPerSlice !== 0) continue;
    yield text;
    text = '';
    await nextTurn();
  }
  yield text + after;
}

/**
 * A vector as JSON. The core has looked for NaN and infinities before (`ERR_NON_FINITE`); one that came all the same would throw
 * here rather than be written as something else.
 */
export const jsonVector = (vector: Float32Array): string => native().jsonVector(vector);
