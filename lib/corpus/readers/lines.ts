/** Bytes to lines, without ever holding more than one line and one chunk. */

/** A longer line is taken for a file that is no text. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** A line as it is in the file. */
export interface Line {
  /** Without the line's end: LF or CRLF. */
  bytes: Buffer;
  /** Counts from 1. */
  number: number;
  /** Bytes of the file up to and including the end of the line. */
  end: number;
}

const LF = 10;
const CR = 13;

/**
 * Lines end with LF or CRLF; the last one may end with the file. As in `wc -l`, a line feed at the end of the file does
 * not begin another line.
 * @param tooLong makes the error that is thrown for a line of more than `maxBytes`, by its number and what to say of it
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  tooLong: (number: number, problem: string) => Error,
  maxBytes = MAX_LINE_BYTES,
): AsyncGenerator<Line, void, undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;
  let end = 0;
  const take = (part: Buffer) => {
    length += part.length;
    if (length > maxBytes) throw tooLong(number, `the line is longer than ${maxBytes} bytes`);
    parts.push(part);
  };
  const finishLine = (): Line => {
    end += length;
    const line = { bytes: withoutEnd(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)), number, end };
    parts = [];
    length = 0;
    number++;
    return line;
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let feed = chunk.indexOf(LF); feed >= 0; feed = chunk.indexOf(LF, start)) {
      take(chunk.subarray(start, feed + 1));
      start = feed + 1;
      yield finishLine();
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  if (length > 0) yield finishLine();
}

function withoutEnd(line: Buffer): Buffer {
  let length = line.length;
  if (line[length - 1] === LF) length--;
  if (line[length - 1] === CR) length--;
  return line.subarray(0, length);
}
