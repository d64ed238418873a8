/** Loading the model that the common options name, with the download shown. */
import { Embedder, type LoadOptions } from '../index.js';
import { type Logger, resolveLogger } from '../logger.js';
import type { ResolveOptions } from '../models/index.js';
import { showDownload } from './download.js';
import type { CommonFlags, SourceFlags } from './flags.js';
import { commandLogger } from './stderr.js';

/** @param more options of `Embedder.load` beyond the common ones */
export function loadModel(flags: CommonFlags, more: LoadOptions = {}): Promise<Embedder> {
  const { model, device, precision, activations } = flags;
  const given = { device, precision, activations };
  return withDownload(flags, (options) => Embedder.load(model, { ...given, ...options, ...more } as LoadOptions));
}

/** Runs what may download a model, with what finding a model takes; how far a download is, is shown. */
export async function withDownload<T>(
  flags: SourceFlags,
  work: (options: ResolveOptions & { logger: Logger }) => Promise<T>,
): Promise<T> {
  const { revision, modelFile, cacheDir, offline } = flags;
  const display = showDownload(flags);
  const logger = resolveLogger(commandLogger(flags).logger);
  try {
    return await work({
      revision,
      modelFile,
      cacheDir,
      offline,
      logger,
      onProgress: (progress) => display.update(progress),
    });
  } finally {
    display.stop();
  }
}
