/** What stands between documents and vectors: `ovembed/text`. */

export type { CorpusDocument } from '../corpus/document.js';
export { indexCorpus } from '../corpus/index-corpus.js';
export type { IndexCorpusOptions } from '../corpus/options.js';
export type { Cleaner, CleanText, TextChunker } from '../corpus/prepare.js';
export type { DocumentSource } from '../corpus/readers/iterable.js';
export type { CorpusProgress, CorpusReport } from '../corpus/report.js';
export type { Match, VectorIndex, VectorRow, VectorSink, VectorSpace } from '../corpus/sink.js';
export { openIndex, openSink } from '../corpus/sinks/open.js';
export type { Stage, StageName, Stages } from '../corpus/stages.js';
export type { DocumentFailure } from '../corpus/state.js';
export type { Chunk } from './chunking/chunk.js';
export { Chunker } from './chunking/chunker.js';
export {
  CHUNK_STRATEGIES,
  type ChunkCallOptions,
  type ChunkEmbedder,
  type ChunkerOptions,
  type ChunkStrategy,
} from './chunking/options.js';
export type { BoilerplateOptions, LinePattern } from './cleaning/boilerplate.js';
export { trimBoilerplate } from './cleaning/boilerplate.js';
export { removeInvisible, replaceLoneSurrogates } from './cleaning/characters.js';
export type { CleanedText, CleanOptions } from './cleaning/clean.js';
export { clean } from './cleaning/clean.js';
export type { FilterOptions, LanguageFilter, Rejection } from './cleaning/filter.js';
export type { MarkupOptions } from './cleaning/html.js';
export { htmlToText } from './cleaning/html.js';
export type { DetectedLanguage, LanguageDetector } from './cleaning/language.js';
export { loadLanguageDetector } from './cleaning/language.js';
export type { MarkdownOptions } from './cleaning/markdown.js';
export { markdownToText } from './cleaning/markdown.js';
export type { NormalizationForm } from './cleaning/normalization.js';
export { normalizeUnicode } from './cleaning/normalization.js';
export type { OffsetMap, Range, Run } from './cleaning/offset-map.js';
export type { MappedText } from './cleaning/rewriter.js';
export type { TypographyOptions } from './cleaning/typography.js';
export { plainTypography } from './cleaning/typography.js';
export { normalizeWhitespace } from './cleaning/whitespace.js';
export { type DocumentVectorOptions, documentVector } from './document-vector.js';
export type { ChunkedText } from './late-chunking.js';
