/** How texts are cut. */
import {
  aNonEmptyString,
  aPositiveInteger,
  aText,
  type Check,
  type Checks,
  checkOptions,
  isPositiveInteger,
  oneOf,
} from '../../checks.js';
import { invalidArgument } from '../../errors.js';
import type { InputType } from '../../options.js';

/** The ways to cut a text. */
export const CHUNK_STRATEGIES = ['recursive', 'sentence', 'markdown', 'code', 'fixed', 'semantic'] as const;
/** A way to cut a text: see {@link ChunkerOptions.strategy}. */
export type ChunkStrategy = (typeof CHUNK_STRATEGIES)[number];

/** Of an `Embedder`, what chunks are counted with; `embed` is needed by `semantic` alone. */
export interface ChunkEmbedder {
  /** As `Embedder.info`. */
  readonly info: { readonly maxTokens: number; readonly prompts: Readonly<Record<string, string>> };
  /** As `Embedder.tokenize`. */
  tokenize(
    texts: readonly string[],
    options?: { addSpecialTokens?: boolean; signal?: AbortSignal },
  ): Promise<readonly { readonly offsets: Uint32Array }[]>;
  /** As `Embedder.countTokens`. */
  countTokens(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<Uint32Array>;
  /** As `Embedder.embed`. */
  embed?(
    texts: readonly string[],
    options?: { inputType?: InputType; prompt?: string; promptName?: string; truncate?: 'end'; signal?: AbortSignal },
  ): Promise<{ readonly data: Float32Array; readonly dimensions: number }>;
}

/** How a `Chunker` cuts. */
export interface ChunkerOptions {
  /**
   * - `'recursive'`: at paragraphs; what is too long at lines, then sentences, then words
   * - `'sentence'`: whole sentences, as many as fit
   * - `'markdown'`: at headings, whose path is kept; then between blocks, so that lists, tables and code stay whole where they fit
   * - `'code'`: at declarations, then their members; comments stay with what they are about
   * - `'fixed'`: after so many tokens
   * - `'semantic'`: where the vectors of neighbouring sentences part
   *
   * Default: `'recursive'`.
   */
  strategy?: ChunkStrategy;
  /** Most tokens of a chunk, special tokens, prompt and overlap counted. Default: what the model reads; 512 if it has no limit. */
  maxTokens?: number;
  /** Most tokens of whole sentences (`fixed`: tokens; `code`: lines) repeated from the chunk in front. Default: 0. */
  overlapTokens?: number;
  /** A smaller chunk goes on over a break or joins its neighbour, where that fits; counted as `maxTokens`. Default: 0. */
  minTokens?: number;
  /** Selects the prompt that is counted, as in calls that embed. Default: `'document'`. */
  inputType?: InputType;
  /** As in calls that embed. */
  prompt?: string;
  /** As in calls that embed. */
  promptName?: string;
  /**
   * `recursive`: strings to cut behind, the strongest first, in place of paragraphs, lines, sentences and words; `''`: at words.
   * `sentence`: strings that end a sentence, in place of the Unicode rules. For no other strategy.
   */
  separators?: readonly string[];
  /** Language of the texts (BCP 47), for the rules of sentences and words. Default: rules that suit most. */
  locale?: string;
  /** Of `code`: as `ChunkCallOptions.language`, for all texts. */
  language?: string;
  /** Of `semantic`: percent of neighbouring sentences that stay together. From 0 to 100. Default: 95. */
  breakpointPercentile?: number;
}

/** Options of one text. */
export interface ChunkCallOptions {
  /** Stops; the promise rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /** Of `code`: name or extension, such as `python` or `ts`. Default: by `fileName`. */
  language?: string | undefined;
  /** Of `code`: the language is told by its extension. */
  fileName?: string | undefined;
}

const aCount: Check = (value, name) => {
  if (value !== 0 && !isPositiveInteger(value)) throw invalidArgument(name, 'an integer of at least 0', value);
};

const aPercentage: Check = (value, name) => {
  if (typeof value !== 'number' || !(value >= 0 && value <= 100))
    throw invalidArgument(name, 'a number from 0 to 100', value);
};

const areSeparators: Check = (value, name) => {
  if (!Array.isArray(value) || value.length === 0 || value.some((item) => typeof item !== 'string'))
    throw invalidArgument(name, 'a list of strings', value);
};

const aLocale: Check = (value, name) => {
  aNonEmptyString(value, name);
  try {
    new Intl.Locale(value as string);
  } catch {
    throw invalidArgument(name, "a language tag such as 'de' or 'pt-BR'", value);
  }
};

const CHECKS: Checks<ChunkerOptions> = {
  strategy: oneOf(...CHUNK_STRATEGIES),
  maxTokens: aPositiveInteger,
  overlapTokens: aCount,
  minTokens: aCount,
  inputType: oneOf('query', 'document'),
  prompt: aText,
  promptName: aNonEmptyString,
  separators: areSeparators,
  locale: aLocale,
  language: aNonEmptyString,
  breakpointPercentile: aPercentage,
};

/** The strategies that an option is for, where it is not for all. */
const ONLY_FOR: { [K in keyof ChunkerOptions]?: readonly ChunkStrategy[] } = {
  separators: ['recursive', 'sentence'],
  language: ['code'],
  breakpointPercentile: ['semantic'],
};

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export function checkChunkerOptions(options: ChunkerOptions): void {
  checkOptions(options, CHECKS, 'Chunker');
  const { strategy = 'recursive', separators } = options;
  for (const [name, strategies] of Object.entries(ONLY_FOR)) {
    const value = options[name as keyof ChunkerOptions];
    if (value === undefined || strategies.includes(strategy)) continue;
    throw invalidArgument(name, `none with strategy: '${strategy}'`, value);
  }
  if (strategy === 'sentence' && separators?.includes(''))
    throw invalidArgument('separators', 'strings that are not empty', separators);
}
