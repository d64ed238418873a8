/** Unicode normalisation that knows where each character came from. */
import { type MappedText, Rewriter } from './rewriter.js';

/** Unicode's normal forms: canonical composition, and with compatibility characters replaced (UAX #15). */
export type NormalizationForm = 'NFC' | 'NFKC';

/**
 * What may join the character before it: marks, jamo of vowels and final consonants, and what decomposes to begin with
 * one. A test goes through all of Unicode. Any other character begins a segment that is normalised for itself
 * (UAX #15, section 9).
 */
const JOINING =
  /[\p{M}\u0E33\u0EB3\u1160-\u11FF\u3133\u3135\u3136\u313A-\u313F\u314F-\u3163\uFF9E\uFF9F\uFFA3\uFFA5\uFFA6\uFFAA-\uFFAF\uFFC2-\uFFC7\uFFCA-\uFFCF\uFFD2-\uFFD7\uFFDA-\uFFDC\uD7B0-\uD7FF\u{16D67}\u{16D68}\u{16D6A}]/u;

/** UTF-16 units that are compared at once; almost all of them are normal already. */
const BLOCK = 128;

/**
 * ICU sorts a run of marks in quadratic time, so a longer segment is cut. Text has at most 30 marks in a row (the
 * Stream-Safe Text Format of UAX #15); such a run comes out normal only between its cuts.
 */
const LONGEST_SEGMENT = 64;

/**
 * Unicode's normal form, as `text.normalize(form)`: NFC composes (`e` + U+0301 ► `é`), NFKC also replaces compatibility
 * characters (`ﬁ` ► `fi`, `①` ► `1`, `Ａ` ► `A`). A range that lies within a segment maps to all of it.
 */
export function normalizeUnicode(source: string, form: NormalizationForm): MappedText {
  const out = new Rewriter(source);
  for (let start = 0; start < source.length; ) {
    const end = boundaryFrom(source, start + BLOCK);
    const block = source.slice(start, end);
    if (block.normalize(form) === block) out.copy(start, end);
    else normalizeSegments(out, form, start, end);
    start = end;
  }
  return out.finish();
}

function normalizeSegments(out: Rewriter, form: NormalizationForm, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const segmentEnd = Math.min(end, boundaryFrom(out.source, at + 1));
    const segment = out.source.slice(at, segmentEnd);
    const normal = segment.normalize(form);
    if (normal === segment) out.copy(at, segmentEnd);
    else out.put(normal, at, segmentEnd);
    at = segmentEnd;
  }
}

/** The first place from `at` on where a segment begins, or where one that is too long is cut. */
function boundaryFrom(source: string, at: number): number {
  const last = Math.min(source.length, at + LONGEST_SEGMENT);
  for (let place = at; place < last; place++) if (beginsSegment(source, place)) return place;
  return isInPair(source, last) ? last - 1 : last;
}

function beginsSegment(source: string, at: number): boolean {
  const unit = source.charCodeAt(at);
  if (unit < 0x300) return true;
  if ((unit & 0xf800) === 0xd800) return !isInPair(source, at) && !isJoining(source.codePointAt(at) as number);
  JOINS[unit] ||= isJoining(unit) ? YES : NO;
  return JOINS[unit] === NO;
}

/** What is known of each code unit; 0 is not asked yet. */
const JOINS = new Uint8Array(0x10000);
const NO = 1;
const YES = 2;

function isJoining(codepoint: number): boolean {
  return JOINING.test(String.fromCodePoint(codepoint));
}

function isInPair(source: string, at: number): boolean {
  return (source.charCodeAt(at) & 0xfc00) === 0xdc00 && (source.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
