/** `ovembed convert`: a model's folder with weights of another type. */
import { stat } from 'node:fs/promises';
import { type AheadRequest, USUAL_BUCKETS } from '../../compile-ahead.js';
import { type ConvertedModel, convertModel } from '../../convert.js';
import { modelOrDefault } from '../../models/index.js';
import { EXIT } from '../exit-codes.js';
import { UsageError } from '../failures.js';
import { megabytes } from '../figures.js';
import type { ConvertFlags, SourceFlags } from '../flags.js';
import { Interruption } from '../interruption.js';
import { withDownload } from '../load.js';
import { StdoutTarget } from '../output/targets.js';
import { note } from '../stderr.js';

/** @returns the exit code */
export function convert(model: string | undefined, flags: ConvertFlags): Promise<number> {
  const { precision = 'int8' } = flags;
  const ahead = aheadOf(flags);
  return interruptible(flags, async (signal) => {
    const written = await withDownload(flags, (options) =>
      convertModel(
        modelOf(model, flags),
        flags.output,
        precision,
        { ...options, signal },
        ahead && { ...ahead, signal },
      ),
    );
    const { compiled } = written;
    await report(written, { weights: precision, ...(compiled && { compiled }) }, flags);
    for (const { file, bytes } of compiled?.blobs ?? []) note(`compiled ${file}: ${megabytes(bytes)}`, flags);
  });
}

/** What is to be compiled too, if anything. */
function aheadOf({ device, platform, buckets }: ConvertFlags): Omit<AheadRequest, 'signal'> | undefined {
  if (device === undefined) {
    if (platform ?? buckets) throw new UsageError('--platform and --buckets need --device, which has models compiled');
    return undefined;
  }
  if (device === 'NPU' && platform === undefined) {
    throw new UsageError('--device NPU needs --platform: 3720, 4000 or 5010, see docs/npu.md');
  }
  if (device !== 'NPU' && platform !== undefined) throw new UsageError('--platform is for --device NPU');
  return { device, platform: platform ?? null, buckets: buckets ?? USUAL_BUCKETS };
}

/** The argument, the option, the environment, the default. */
export function modelOf(argument: string | undefined, { model }: SourceFlags): string {
  if (argument !== undefined && model !== undefined) throw new UsageError('MODEL is given twice: also with --model');
  return modelOrDefault(argument ?? model);
}

/** Work that has no half result: after the first signal nothing is written. */
export async function interruptible(flags: SourceFlags, work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const interruption = new Interruption(() => note('Stopping.', flags));
  try {
    await work(interruption.signal);
    return EXIT.ok;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    throw error;
  } finally {
    interruption.end();
  }
}

/** Says what was written. */
export async function report(written: ConvertedModel, what: object, flags: SourceFlags): Promise<void> {
  const { size } = await stat(written.weights);
  const { folder, source } = written;
  const facts = { folder, ...what, weightsBytes: size, source };
  if (flags.json) await new StdoutTarget().append(Buffer.from(`${JSON.stringify(facts)}\n`));
  else note(`${folder}: ${megabytes(size)} of weights, from ${source}`, flags);
}
