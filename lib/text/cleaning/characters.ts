/** Characters that nobody sees, and those that no encoding has. */
import { type MappedText, rewrite } from './rewriter.js';

/** Lone surrogates become U+FFFD, as `text.toWellFormed()`: no tokenizer reads them, and no file can hold them. */
export function replaceLoneSurrogates(source: string): MappedText {
  return rewrite(source, /\p{Surrogate}/gu, '\uFFFD');
}

/** A tab, a line feed and a carriage return are white space; so are U+000B, U+000C and U+0085, which end lines. */
const CONTROLS = '\\0-\\x08\\x0E-\\x1F\\x7F-\\x84\\x86-\\x9F';

/**
 * Soft hyphen; zero width space, word joiner, byte order mark; marks, embeddings, overrides and isolates of direction;
 * invisible operators, deprecated formats, annotations.
 */
const ZERO_WIDTH = '\\xAD\\u200B\\u2060-\\u2064\\u206A-\\u206F\\uFEFF\\uFFF9-\\uFFFB';
const DIRECTION = '\\u061C\\u200E\\u200F\\u202A-\\u202E\\u2066-\\u2069';

/** Scripts in which a zero width joiner or non-joiner after a letter changes how it is written, and what it says. */
const JOINING_SCRIPTS = [
  ...['Arabic', 'Syriac', 'Mandaic', 'Nko', 'Adlam', 'Hanifi_Rohingya', 'Mongolian', 'Phags_Pa'],
  ...['Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala'],
  ...['Khmer', 'Myanmar', 'Tibetan', 'Balinese', 'Javanese', 'Chakma'],
];
const JOINING_LETTER = `[${JOINING_SCRIPTS.map((script) => `\\p{Script=${script}}`).join('')}]\\p{M}?`;
const EMOJI = '\\p{Extended_Pictographic}[\\uFE0F\\u{1F3FB}-\\u{1F3FF}]?';

/** Conditions stand behind the character, to be looked at for the few that are one. */
const INVISIBLE = new RegExp(
  [
    `[${CONTROLS}${ZERO_WIDTH}${DIRECTION}]+`,
    `\\u200C(?<!${JOINING_LETTER}\\u200C)`,
    `\\u200D(?<!${JOINING_LETTER}\\u200D)(?:(?<!${EMOJI}\\u200D)|(?!\\p{Extended_Pictographic}))`,
    // The flags of England, Scotland and Wales are a black flag and a region in tags.
    '[\\u{E0000}-\\u{E007F}](?<!\\u{1F3F4}[\\u{E0030}-\\u{E007F}]{1,16})',
  ].join('|'),
  'gu',
);

/**
 * Leaves out what has no width: null bytes and other control characters, soft hyphens, zero width spaces, byte order
 * marks, controls of direction, tags. A zero width joiner stays between emoji (👩‍🚀), and it and the non-joiner stay after
 * a letter of a script that needs them (Persian می‌خواهم, Hindi क्‍ष), as do variation selectors.
 */
export function removeInvisible(source: string): MappedText {
  return rewrite(source, INVISIBLE, '');
}
