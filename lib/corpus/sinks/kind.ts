/** What there is to know of one kind of place for vectors: each module of this folder exports one. */
import type { VectorIndex, VectorSink } from '../sink.js';

export interface SinkKind {
  /**
   * Nothing is touched, and no package loaded, before `open`.
   * @param place as the user gave it, scheme and all
   * @throws OvembedError `ERR_INVALID_ARGUMENT` if it is malformed
   */
  sink(place: string): VectorSink;
  /**
   * Opens what was written there; absent: it cannot be searched.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` if there is nothing of this kind, or a package is not installed
   */
  index?(place: string): Promise<VectorIndex>;
}
