/** Loading the model that the common options name, with the download shown. */
import { Embedder, type LoadOptions } from '../index.js';
import { showDownload } from './download.js';
import type { CommonFlags } from './flags.js';
import { commandLogger } from './stderr.js';

/** @param more options of `Embedder.load` beyond the common ones */
export async function loadModel(flags: CommonFlags, more: LoadOptions = {}): Promise<Embedder> {
  const { model, device, precision, cacheDir, offline } = flags;
  const given = { device, precision, cacheDir, offline };
  const display = showDownload(flags);
  try {
    return await Embedder.load(model, {
      ...given,
      ...commandLogger(flags),
      onProgress: (progress) => display.update(progress),
      ...more,
    } as LoadOptions);
  } finally {
    display.stop();
  }
}
