/** How documents are cleaned and cut: as the options say, and where they say nothing, by what the documents are written in. */
import type { InputType } from '../options.js';
import { Chunker } from '../text/chunking/chunker.js';
import type { ChunkEmbedder, ChunkerOptions, ChunkStrategy } from '../text/chunking/options.js';
import { type CleanOptions, checkCleanOptions, clean as cleanText } from '../text/cleaning/clean.js';
import type { DocumentFormat, Manner } from './document.js';
import type { Cleaner, Preparation, TextChunker } from './prepare.js';

export interface PreparationOptions {
  /**
   * Steps of cleaning, or a function of your own. Default: HTML becomes text, other documents stay as they are; `false`: HTML too.
   */
  clean?: CleanOptions | Cleaner | false;
  /**
   * How documents are cut, or a chunker of your own; `false`: not at all, so that what the model does not read is cut off. Default of
   * `strategy`: `'markdown'` for Markdown, `'code'` for code (where its parser is installed), else `'recursive'`.
   */
  chunk?: Omit<ChunkerOptions, 'inputType' | 'prompt' | 'promptName'> | TextChunker | false;
}

/** What goes in front of chunks when they are embedded, and is counted with them. */
export interface PromptOptions {
  /** Whose prompt. Default `'document'`. */
  inputType?: InputType;
  /** As in calls that embed. */
  prompt?: string;
  /** As in calls that embed. */
  promptName?: string;
}

const STRATEGIES: Readonly<Record<DocumentFormat, ChunkStrategy>> = {
  text: 'recursive',
  html: 'recursive',
  markdown: 'markdown',
  code: 'code',
};

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for options that do not fit */
export function preparationOf(
  embedder: ChunkEmbedder,
  { clean, chunk = {} }: PreparationOptions,
  prompts: PromptOptions,
): Preparation {
  const cleaner = cleanerOf(clean);
  if (chunk === false) return { cleanerFor: cleaner, chunkerFor: () => WHOLE };
  if ('chunk' in chunk) return { cleanerFor: cleaner, chunkerFor: () => chunk };
  const make = (strategy: ChunkStrategy) => new Chunker(embedder, { strategy, ...chunk, ...prompts });
  const plain = make('recursive');
  const chunkers: Readonly<Record<DocumentFormat, TextChunker>> = {
    text: plain,
    html: plain,
    markdown: make(STRATEGIES.markdown),
    code: chunk.strategy ? plain : withFallback(make(STRATEGIES.code), plain),
  };
  return { cleanerFor: cleaner, chunkerFor: ({ format }) => chunkers[format] };
}

/** A document is its only chunk. */
const WHOLE: TextChunker = {
  chunk: async (text) => [{ text, start: 0, end: text.length, headings: [], tokens: 0, index: 0 }],
};

function cleanerOf(clean: PreparationOptions['clean']): (manner: Manner) => Cleaner | undefined {
  if (clean === false) return () => undefined;
  if (typeof clean === 'function') return () => clean;
  const options = clean ?? {};
  checkCleanOptions(options);
  const forHtml = withOptions({ html: true, ...options });
  const forOthers = clean && withOptions(options);
  return ({ format }) => (format === 'html' ? forHtml : forOthers);
}

const withOptions =
  (options: CleanOptions): Cleaner =>
  (text) => {
    const { rejected, ...cleaned } = cleanText(text, options);
    return rejected ? { reason: rejected.reason } : cleaned;
  };

/** Nobody asked for the parser by name, so code is cut without it where it is not installed. */
function withFallback(code: TextChunker, plain: TextChunker): TextChunker {
  return {
    async chunk(text, options) {
      try {
        return await code.chunk(text, options);
      } catch (error) {
        const { code: reason } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
        if (reason !== 'ERR_MODULE_NOT_FOUND') throw error;
        return plain.chunk(text, options);
      }
    },
  };
}

/** What the options say, as JSON: for manifests, and to notice that a checkpoint is of another run. */
export function describePreparation({ clean, chunk = {} }: PreparationOptions): Record<string, unknown> {
  const settings = {
    clean: typeof clean === 'function' ? 'custom' : (clean ?? null),
    chunk: chunk && 'chunk' in chunk ? 'custom' : chunk,
  };
  // Functions within have no place in JSON.
  return JSON.parse(JSON.stringify(settings));
}
