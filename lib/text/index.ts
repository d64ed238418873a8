/** What stands between documents and vectors: `ovembed/text`. */

export type { Match, VectorIndex, VectorRow, VectorSink, VectorSpace } from '../corpus/sink.js';
export type { Chunk } from './chunking/chunk.js';
