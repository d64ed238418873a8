/**
 * The mixed-length corpus: made from a seed, so that every contestant, on every machine, gets the same texts.
 *
 * Lengths are stratified. Every block of `BLOCK` texts holds the same lengths in another order, so that a prefix of whole
 * blocks has exactly the length distribution of the whole: a slow contestant can be measured on fewer texts.
 */
import { words } from './words.mjs';

/** Texts per block. */
export const BLOCK = 256;

/** The single query of the latency case: nine tokens with [CLS] and [SEP]. */
export const QUERY = 'how do I reset my account password';

const MEDIAN_WORDS = 32;
const SPREAD = 0.55;
const SHORTEST = 5;
const LONGEST = 450;

/**
 * @param {{ texts: number, seed: number }} options `texts` is rounded up to whole blocks
 * @returns {string[]}
 */
export function makeCorpus({ texts, seed }) {
  const random = generator(seed);
  const drawWord = wordSampler(random);
  const corpus = [];
  while (corpus.length < texts) {
    for (const length of shuffle(blockLengths(), random)) corpus.push(makeText(length, drawWord, random));
  }
  return corpus;
}

/**
 * Words per text of one block: the quantiles of a log-logistic distribution, which looks like a log-normal one (many short
 * texts, a long tail) and has its quantiles in closed form.
 */
function blockLengths() {
  return Array.from({ length: BLOCK }, (_, i) => {
    const quantile = (i + 0.5) / BLOCK;
    const length = Math.round(MEDIAN_WORDS * (quantile / (1 - quantile)) ** SPREAD);
    return Math.min(Math.max(length, SHORTEST), LONGEST);
  });
}

/** Words per text, shortest to longest, of texts that are all alike. */
export const LENGTH_CLASSES = { sentences: [5, 14], paragraphs: [50, 110], documents: [220, 450] };

/**
 * Texts of one length class.
 * @param {{ name: keyof typeof LENGTH_CLASSES, texts: number, seed: number }} options
 * @returns {string[]}
 */
export function makeClass({ name, texts, seed }) {
  const [shortest, longest] = LENGTH_CLASSES[name];
  return [...textsBetween(shortest, longest, texts, seed)];
}

/**
 * Short texts, made one by one: a corpus of any size without the memory for it.
 * @param {{ texts: number, seed: number }} options
 * @returns {Generator<string>}
 */
export function shortTexts({ texts, seed }) {
  return textsBetween(3, 9, texts, seed);
}

function* textsBetween(shortest, longest, texts, seed) {
  const random = generator(seed);
  const drawWord = wordSampler(random);
  for (let i = 0; i < texts; i++) {
    yield makeText(shortest + Math.floor(random() * (longest - shortest + 1)), drawWord, random);
  }
}

/** Sentences of 6 to 20 words, with capitals, commas and full stops, since those are tokens too. */
function makeText(length, drawWord, random) {
  const sentences = [];
  for (let left = length; left > 0; ) {
    const count = Math.min(left, 6 + Math.floor(random() * 15));
    const sentence = Array.from({ length: count }, () => (random() < 0.06 ? `${drawWord()},` : drawWord())).join(' ');
    sentences.push(`${sentence[0].toUpperCase()}${sentence.slice(1).replace(/,$/, '')}.`);
    left -= count;
  }
  return sentences.join(' ');
}

/** Zipf-Mandelbrot: the word of rank r has the weight 1 / (r + 2.7). */
function wordSampler(random) {
  let total = 0;
  const cumulative = words.map((_, rank) => (total += 1 / (rank + 2.7)));
  return () => {
    const target = random() * total;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] > target) high = middle;
      else low = middle + 1;
    }
    return words[low];
  };
}

/** Fisher-Yates, in place. */
export function shuffle(items, random) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

/** xorshift32: integers only, so the same numbers on every platform. @returns {() => number} from 0 to below 1 */
export function generator(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
