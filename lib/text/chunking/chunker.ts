/** Texts to chunks that a model reads whole. */
import { checkObject, nearestTo } from '../../checks.js';
import { invalidArgument, OvembedError } from '../../errors.js';
import { checkInput } from '../../input.js';
import { resolvePrompt } from '../prompts.js';
import type { Chunk } from './chunk.js';
import { characters, graphemes } from './graphemes.js';
import { Headings } from './headings.js';
import { type ChunkCallOptions, type ChunkEmbedder, type ChunkerOptions, checkChunkerOptions } from './options.js';
import { Packer } from './packer.js';
import { code } from './strategies/code.js';
import { fixed } from './strategies/fixed.js';
import { markdown } from './strategies/markdown.js';
import { recursive } from './strategies/recursive.js';
import { semantic } from './strategies/semantic.js';
import { sentence } from './strategies/sentence.js';
import type { Strategy } from './strategy.js';
import { TokenIndex, wrongCount } from './token-index.js';
import { Units } from './units.js';

const STRATEGIES: Readonly<Record<NonNullable<ChunkerOptions['strategy']>, Strategy>> = {
  recursive,
  sentence,
  markdown,
  code,
  fixed,
  semantic,
};

/** Of a chunk, where neither the caller nor the model sets a limit. */
const DEFAULT_MAX_TOKENS = 512;

/**
 * Cuts texts into chunks, token-exact: `chunk.tokens` is what the model reads when the chunk is embedded with the same prompt,
 * and never more than `maxTokens`. Without overlap the chunks put together are the text, white space and all; a text of white
 * space alone is one like any other, and the empty text has no chunks. No character (grapheme) is cut, unless it alone is longer
 * than a chunk. Takes time linear in the text, and leaves the event loop alone every few milliseconds.
 */
export class Chunker {
  readonly #embedder: ChunkEmbedder;
  readonly #options: ChunkerOptions;
  readonly #prompt: string;
  readonly #strategy: Strategy;
  /** Most tokens of a chunk, special tokens and prompt counted. */
  readonly maxTokens: number;

  /**
   * @param embedder an `Embedder`, or what counts tokens like one
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for options that do not fit each other or the model
   */
  constructor(embedder: ChunkEmbedder, options: ChunkerOptions = {}) {
    if (!embedder?.info) throw invalidArgument('the first argument of Chunker', 'an Embedder', embedder);
    checkChunkerOptions(options);
    const {
      prompt,
      promptName,
      inputType = 'document',
      strategy = 'recursive',
      overlapTokens = 0,
      minTokens = 0,
    } = options;
    const { prompts, maxTokens: modelMaxTokens } = embedder.info;
    this.maxTokens = options.maxTokens ?? (modelMaxTokens || DEFAULT_MAX_TOKENS);
    if (modelMaxTokens > 0 && this.maxTokens > modelMaxTokens)
      throw invalidArgument('maxTokens', `at most what the model reads (${modelMaxTokens})`, this.maxTokens);
    if (overlapTokens >= this.maxTokens)
      throw invalidArgument('overlapTokens', `less than maxTokens (${this.maxTokens})`, overlapTokens);
    if (minTokens > this.maxTokens)
      throw invalidArgument('minTokens', `at most maxTokens (${this.maxTokens})`, minTokens);
    if (strategy === 'semantic' && typeof embedder.embed !== 'function')
      throw invalidArgument('embedder', "an embedder with embed() for strategy: 'semantic'", embedder);
    this.#embedder = embedder;
    this.#options = { ...options };
    this.#prompt = resolvePrompt({ named: prompts, defaultName: null }, { prompt, promptName, inputType });
    this.#strategy = STRATEGIES[strategy];
  }

  /**
   * The chunks of a text.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for a lone surrogate, a code language without a parser installed, or a limit that
   *   the prompt alone fills; `ERR_INPUT_TOO_LONG` if one character has more tokens than a chunk may have
   */
  async chunk(text: string, options: ChunkCallOptions = {}): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    for await (const chunk of this.stream(text, options)) chunks.push(chunk);
    return chunks;
  }

  /** The same one by one, for long texts: beside the text, four bytes per token are held. */
  async *stream(text: string, options: ChunkCallOptions = {}): AsyncGenerator<Chunk, void, undefined> {
    checkCallOptions(options);
    checkInput(text, { vocabSize: 0, noTokenIds: 'a chunker takes texts' });
    const { signal } = options;
    signal?.throwIfAborted();
    if (text === '') return;
    const counter = await this.#counter(signal);
    const { overlapTokens = 0, minTokens = 0 } = this.#options;
    const limits = {
      room: this.maxTokens - counter.frame,
      overlap: overlapTokens,
      least: Math.max(0, minTokens - counter.frame),
    };
    const tokens = await TokenIndex.of(this.#embedder, text, signal);
    const context = { text, tokens, embedder: this.#embedder, options: this.#options, call: options };
    const structure = await this.#strategy(context);
    const { hard = 0, overlap, scopes = [] } = structure;
    const splitters = [...structure.splitters, tokens.splitter, graphemes, characters];
    const units = new Units(text, tokens, splitters, hard);
    const { count } = counter;
    const packer = new Packer({
      text,
      tokens,
      units,
      limits,
      hard,
      splitters,
      overlapSplitter: overlap,
      count,
      signal,
    });
    const headings = new Headings(text, scopes);
    let index = 0;
    for await (const { start, ownStart, end, tokens: own } of packer.chunks()) {
      signal?.throwIfAborted();
      const whole = own + counter.frame;
      yield {
        text: text.slice(start, end),
        tokens: whole,
        start,
        end,
        headings: headings.of(ownStart, end),
        index: index++,
      };
    }
  }

  /** Counts chunks as they are embedded: the prompt in front, special tokens around both. */
  async #counter(signal: AbortSignal | undefined) {
    const prompt = this.#prompt;
    const countTokens = async (texts: string[]) => {
      const counts = await this.#embedder.countTokens(texts, signal ? { signal } : {});
      if (counts.length !== texts.length) throw wrongCount('countTokens', texts.length, counts.length);
      return counts;
    };
    const [frame, special] = (await countTokens([prompt, ''])) as unknown as [number, number];
    if (frame >= this.maxTokens) {
      const message = `maxTokens is ${this.maxTokens}, and the special tokens and the prompt alone have ${frame}: raise maxTokens.`;
      throw new OvembedError('ERR_INVALID_ARGUMENT', message);
    }
    const count = async (chunks: readonly string[], repeated: readonly string[]): Promise<Uint32Array> => {
      const counts = await countTokens([...chunks.map((chunk) => prompt + chunk), ...repeated]);
      return counts.map((tokens, i) => Math.max(0, tokens - (i < chunks.length ? frame : special)));
    };
    return { frame, count };
  }
}

const CALL_OPTIONS = ['signal', 'language', 'fileName'];

function checkCallOptions(options: ChunkCallOptions): void {
  checkObject(options, 'chunk');
  for (const key of Object.keys(options)) {
    if (CALL_OPTIONS.includes(key)) continue;
    const nearest = nearestTo(key, CALL_OPTIONS);
    throw invalidArgument(
      'the options of chunk',
      `only ${CALL_OPTIONS.join(', ')}${nearest ? ` (${nearest}?)` : ''}`,
      key,
    );
  }
}
