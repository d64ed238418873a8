/** Whether the model of a server is the one that `Embedder.load` was asked for. */
import { isDeepStrictEqual } from 'node:util';
import type { EmbedderInfo } from '../info.js';
import type { LoadOptions } from '../options.js';

/**
 * Options that decide what vectors are, beside those that the fingerprint tells of (weights, tokenizer, pooling, normalising,
 * prompts, lengths). Others, such as streams, queues and caches, are the server's own matter.
 */
const DECISIVE = [
  'precision',
  'activations',
  'buckets',
  'dimensions',
  'truncate',
  'device',
  'fallback',
  'distribute',
  'shapes',
] as const;
export type DecisiveOptions = Pick<LoadOptions, (typeof DECISIVE)[number]>;

/** What stands for an option that was not given; others have no such word. */
const DEFAULTS: DecisiveOptions = {
  precision: 'auto',
  activations: 'auto',
  device: 'auto',
  fallback: true,
  distribute: false,
  shapes: 'dynamic',
};

export function decisiveOf(options: LoadOptions): DecisiveOptions {
  return Object.fromEntries(DECISIVE.map((key) => [key, options[key] ?? DEFAULTS[key]]));
}

/**
 * An option agrees where both sides were given the same, or the one asked for is what the server came to by itself.
 * @param given to the server
 * @returns what differs, in words; undefined: nothing
 */
export function differenceOf(asked: LoadOptions, given: DecisiveOptions, info: EmbedderInfo): string | undefined {
  const wanted = decisiveOf(asked);
  const differing = DECISIVE.find((key) => {
    if (isDeepStrictEqual(wanted[key], given[key])) return false;
    return asked[key] === undefined || asked[key] !== (info as Partial<LoadOptions>)[key];
  });
  if (differing === undefined) return asked.ranges === undefined ? undefined : 'it has no ranges of this process';
  const word = (value: unknown) => (value === undefined ? 'the default' : JSON.stringify(value));
  return `its ${differing} is ${word(given[differing])}, and ${word(wanted[differing])} is wanted`;
}
