/** `ovembed quantize`: a model's folder with weights and activations in int8, calibrated on texts. */
import { quantizeModel } from '../../quantize.js';
import type { QuantizeFlags } from '../flags.js';
import { readTexts } from '../input/pairs.js';
import { withDownload } from '../load.js';
import { interruptible, modelOf, report } from './convert.js';

/** @returns the exit code */
export async function quantize(model: string | undefined, flags: QuantizeFlags): Promise<number> {
  const texts = await readTexts(flags.calibration);
  return interruptible(flags, async (signal) => {
    const written = await withDownload(flags, (options) =>
      quantizeModel(modelOf(model, flags), flags.output, texts, { ...options, signal }),
    );
    await report(written, { weights: 'int8', activations: 'int8-static', texts: texts.length }, flags);
  });
}
