/** Loading the model that the common options name, with the download shown. */
import { Embedder, type LoadOptions } from '../index.js';
import { type Logger, resolveLogger } from '../logger.js';
import type { ResolveOptions } from '../models/index.js';
import { megabytes } from './figures.js';
import type { CommonFlags } from './flags.js';
import { commandLogger, note } from './stderr.js';

const DOWNLOAD_NOTE_EVERY_MS = 2_000;

/** @param more options of `Embedder.load` beyond the common ones */
export function loadModel(flags: CommonFlags, more: LoadOptions = {}): Promise<Embedder> {
  const { model, device, precision, activations, cacheDir, offline } = flags;
  const given = { device, precision, activations, cacheDir, offline };
  return Embedder.load(model, {
    ...given,
    ...commandLogger(flags),
    onProgress: downloadNotes(flags),
    ...more,
  } as LoadOptions);
}

/** What finding a model takes. */
export function resolveOptions(flags: CommonFlags): ResolveOptions & { logger: Logger } {
  const { cacheDir, offline } = flags;
  return { cacheDir, offline, logger: resolveLogger(commandLogger(flags).logger), onProgress: downloadNotes(flags) };
}

/** Says now and then how much of a file has come. */
function downloadNotes(flags: CommonFlags): LoadOptions['onProgress'] {
  let last = performance.now();
  return ({ file, receivedBytes, totalBytes }) => {
    if (performance.now() - last < DOWNLOAD_NOTE_EVERY_MS) return;
    last = performance.now();
    const total = totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`;
    note(`Downloading ${file}: ${megabytes(receivedBytes)}${total}`, flags);
  };
}
