/**
 * Intl.Segmenter on texts of any length. Its time grows with the square of a string's length (Node 20: 3 s for 200 KB), so
 * it is fed pieces; each begins where a segment does, so that no segment is cut by them.
 */
import { boundaryBefore } from './graphemes.js';

/** UTF-16 units; 13 ms for 200 KB in pieces of this size. */
const PIECE = 1024;

/** Where the segments of a span begin, except the first. */
export function* segmentStarts(
  segmenter: Intl.Segmenter,
  text: string,
  start: number,
  end: number,
): Generator<number, void, undefined> {
  let from = start;
  while (from < end) {
    const to = pieceEnd(text, from, end);
    let last = from;
    for (const { index } of segmenter.segment(text.slice(from, to))) {
      if (index === 0) continue;
      last = from + index;
      yield last;
    }
    if (to === end) return;
    // The last segment may go on behind the piece. One as long as the piece is left behind without a cut.
    from = last > from ? last : to;
  }
}

/** Behind white space if there is any, since words and what stands around a sentence's end belong together. */
function pieceEnd(text: string, from: number, end: number): number {
  if (end - from <= PIECE) return end;
  const most = from + PIECE;
  const space = text.slice(from, most).search(/\s\S*$/);
  return space > 0 ? from + space + 1 : boundaryBefore(text, most, from);
}
