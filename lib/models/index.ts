/** Models: finding and fetching them, and reading what they say about themselves. */
export { copyWithoutWeights, networkFolder } from './copy.js';
export { DEFAULT_MODEL, modelOrDefault } from './default-model.js';
export { TEMPORARY_NAME, temporaryName } from './files.js';
export { fingerprint, graphIdentity } from './fingerprint.js';
export { firstSupported } from './first-supported.js';
export { sha256OfFile } from './hash.js';
export { readJson } from './json-file.js';
export type { DownloadProgress } from './provider.js';
export { type ResolvedModel, type ResolveOptions, resolveModel } from './resolve.js';
export type { FoundSource } from './sources.js';
export { type ModelSpec, readModelFolder } from './spec.js';
export { widthAfter } from './vector-modules.js';
