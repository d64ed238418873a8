/**
 * The classes that adapters are derived from, as far as the build must know them: their packages are the user's, not ours. This
 * file is no part of the package: there `ovembed/langchain` and the others have the types of what the user installed, against
 * which test/e2e/frameworks checks them.
 */
declare module '@langchain/core/embeddings' {
  export abstract class Embeddings {}
}
declare module '@llamaindex/core/embeddings' {
  export abstract class BaseEmbedding {}
}
declare module 'chromadb' {
  export const knownEmbeddingFunctions: ReadonlyMap<string, unknown>;
  export function registerEmbeddingFunction(name: string, fn: unknown): void;
}
declare module '@lancedb/lancedb/embedding' {
  export abstract class TextEmbeddingFunction {
    /** LanceDB's own: `$var:name` in options. */
    protected resolveVariables(config: object): object;
    /** What a schema keeps. */
    toJSON(): Record<string, unknown>;
  }
  export function getRegistry(): { get(name: string): unknown };
  export function register(name: string): (fn: unknown) => unknown;
}
