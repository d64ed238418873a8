/** Texts that are not worth a vector; each with its reason. */
import type { LanguageDetector } from './language.js';

/** Which texts are let through. */
export interface FilterOptions {
  /** Fewest UTF-16 units of the cleaned text. */
  minChars?: number;
  /** Most UTF-16 units of the cleaned text. */
  maxChars?: number;
  /** Which languages. */
  languages?: LanguageFilter;
}

/** Which languages are let through. */
export interface LanguageFilter {
  /** ISO 639-1 codes, such as `['en', 'de']`. */
  allow: readonly string[];
  /** From `loadLanguageDetector`, or any other. */
  detect: LanguageDetector;
  /** What becomes of a text that the detector is not sure of, as of most short ones (default: 'keep'). */
  unsure?: 'keep' | 'reject';
}

/** Why a text was not let through. */
export interface Rejection {
  /** The option that it did not pass. */
  reason: 'minChars' | 'maxChars' | 'language';
  /** The same for people, with the numbers. */
  message: string;
}

/** More would not change what is detected, and takes time. */
const DETECTED_UNITS = 2000;

export function rejectionOf(text: string, { minChars, maxChars, languages }: FilterOptions): Rejection | undefined {
  const { length } = text;
  if (minChars !== undefined && length < minChars) {
    return { reason: 'minChars', message: `The cleaned text has ${length} characters, fewer than ${minChars}.` };
  }
  if (maxChars !== undefined && length > maxChars) {
    return { reason: 'maxChars', message: `The cleaned text has ${length} characters, more than ${maxChars}.` };
  }
  return languages && rejectionByLanguage(text, languages);
}

function rejectionByLanguage(text: string, { allow, detect, unsure = 'keep' }: LanguageFilter): Rejection | undefined {
  const found = detect(text.slice(0, DETECTED_UNITS).toWellFormed());
  if (!found.isReliable()) {
    if (unsure === 'keep') return undefined;
    return { reason: 'language', message: 'The language of the text is not certain.' };
  }
  if (allow.includes(found.language)) return undefined;
  return { reason: 'language', message: `The text is in "${found.language}", not in ${allow.join(', ')}.` };
}
