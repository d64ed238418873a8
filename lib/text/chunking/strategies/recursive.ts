/**
 * The coarsest parts that fit: LangChain's RecursiveCharacterTextSplitter, counted in tokens, and with sentences between its
 * lines and words.
 */
import { sentences } from '../sentences.js';
import { behindText, lines, paragraphs, spaces, words } from '../splitters.js';
import type { Strategy } from '../strategy.js';

export const recursive: Strategy = ({ options: { locale, separators } }) => {
  if (!separators) return { splitters: [paragraphs, lines, sentences(locale), spaces, words(locale)], overlap: 2 };
  const splitters = separators.flatMap((text) => (text === '' ? [spaces, words(locale)] : [behindText(text)]));
  return { splitters, overlap: splitters.length - 1 };
};
