/** The sources of a model in the order of preference: one that needs what ovembed does not support is passed over. */
import { OvembedError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { FoundSource } from './sources.js';
import type { ModelSpec } from './spec.js';

/**
 * What `use` makes of the first source that it supports, and which that was.
 * @throws OvembedError of `use`: at once, but for `ERR_MODEL_UNSUPPORTED` while there are other sources
 */
export async function firstSupported<T>(
  { folder, sources }: ModelSpec,
  logger: Logger,
  use: (source: FoundSource) => Promise<T>,
): Promise<{ source: FoundSource; result: T }> {
  for (const [index, source] of sources.entries()) {
    try {
      return { source, result: await use(source) };
    } catch (error) {
      const unsupported = error instanceof OvembedError && error.code === 'ERR_MODEL_UNSUPPORTED';
      if (!unsupported || index === sources.length - 1) throw error;
      logger.warn(`${source.file} cannot be used (${error.message}); trying ${sources[index + 1]?.file}.`);
    }
  }
  throw new OvembedError('ERR_MODEL_INVALID', `${folder} holds no weights that can be read.`);
}
