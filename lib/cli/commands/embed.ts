/** `ovembed embed`: files or standard input to vectors, in constant memory. */
import { extname } from 'node:path';
import { type Dtype, type Embedder, OvembedError, Ranges, type StreamOptions } from '../../index.js';
import { EXIT } from '../exit-codes.js';
import { InputError, systemReason, UsageError } from '../failures.js';
import { counted, duration, grouped } from '../figures.js';
import type { EmbedFlags } from '../flags.js';
import { findInputs, type InputFile, totalBytes } from '../input/files.js';
import { InputReader } from '../input/reader.js';
import { jsonLineParser, type LineParser, parseTextLine } from '../input/records.js';
import { Interruption } from '../interruption.js';
import { loadModel } from '../load.js';
import { checkOutput, openWriter } from '../output/open.js';
import type { VectorWriter } from '../output/writer.js';
import { NO_PROGRESS, type Shown, showProgress, statusOf } from '../progress.js';
import { note } from '../stderr.js';
import { Tally } from '../tally.js';

/** @returns the exit code */
export async function embed(paths: readonly string[], flags: EmbedFlags): Promise<number> {
  const files = await findInputs(paths);
  const parsed = files.map((file) => ({ file, parse: parserFor(file, flags) }));
  await checkOutput(flags, files);
  const ranges = await readRanges(flags);

  const interruption = new Interruption(() =>
    note('Stopping: what was read is finished. Again to stop at once.', flags),
  );
  try {
    const { batchTokens } = flags;
    const more = {
      signal: interruption.signal,
      ...(batchTokens === undefined ? {} : { batchTokens }),
      ...(ranges && { ranges }),
    };
    const embedder = await loadModel(flags, more);
    const reader = new InputReader(parsed, interruption.signal, await cleanerFor(flags));
    const tally = new Tally(totalBytes(files));
    await embedInput(embedder, reader, tally, flags);
    await embedder.close();
    summarise(tally, embedder, flags);
    reader.throwFailure();
    return interruption.exitCode ?? EXIT.ok;
  } catch (error) {
    // While the model is being loaded there is nothing to finish.
    if (error === interruption.signal.reason) return interruption.exitCode as number;
    throw error;
  } finally {
    interruption.end();
  }
}

function parserFor(file: InputFile, { inputFormat, field, into }: EmbedFlags): LineParser {
  const isJson = ['.jsonl', '.ndjson'].includes(extname(file.path).toLowerCase());
  const format = inputFormat === 'auto' ? (isJson ? 'jsonl' : 'lines') : inputFormat;
  const taken = format === 'jsonl' ? field : 'text';
  if (into === taken) throw new UsageError(`--into ${into}: the text is in the field of this name`);
  return format === 'jsonl' ? jsonLineParser(field, into) : parseTextLine;
}

async function cleanerFor({ clean: options }: EmbedFlags): Promise<((text: string) => string) | undefined> {
  if (!options) return undefined;
  const { clean } = await import('../../text/cleaning/clean.js');
  return (text) => clean(text, options).text;
}

/** Before a model is loaded, as a file that is missing is found sooner. */
async function readRanges({ dtype, ranges }: EmbedFlags): Promise<Ranges | undefined> {
  if (dtype !== 'int8' && dtype !== 'uint8') return undefined;
  if (ranges === undefined) {
    throw new UsageError(`--dtype ${dtype}: needs --ranges <file>, which ovembed embed --save-ranges <file> makes`);
  }
  return Ranges.load(ranges).catch((error) => {
    throw error instanceof OvembedError ? error : new InputError(`${ranges}: cannot be read: ${systemReason(error)}`);
  });
}

async function embedInput(embedder: Embedder, reader: InputReader, tally: Tally, flags: EmbedFlags): Promise<void> {
  const stream = embedder.stream(reader.texts(), streamOptions(flags));
  const writer = await openWriter(flags, embedder.info);
  const isScreenTaken = !flags.output && process.stdout.isTTY;
  const progress = flags.quiet || flags.json || isScreenTaken ? NO_PROGRESS : showProgress(shownOf(tally));
  try {
    for await (const { embedding, tokens, truncated } of stream) {
      const record = reader.take();
      if (truncated && flags.truncate === 'error') throw tooLong(record.place, embedder.info.maxTokens);
      await writer.write(record, embedding);
      tally.add({ tokens, truncated, end: record.end });
      progress.update();
    }
  } catch (error) {
    await finishAfter(error, writer);
  } finally {
    progress.stop();
  }
  await writer.finish();
}

function shownOf(tally: Tally): Shown {
  return {
    totalBytes: tally.totalBytes,
    get bytes() {
      return tally.bytes;
    },
    status: () => statusOf(tally),
  };
}

/** The rows before an error are kept; an error in writing them is no news then. */
async function finishAfter(error: unknown, writer: VectorWriter): Promise<never> {
  await writer.finish().catch(() => {});
  throw error;
}

function streamOptions(flags: EmbedFlags): StreamOptions<Dtype> {
  const { query, inputType = 'document', promptName, dimensions, dtype } = flags;
  // A text that is too long is found by its mark, since that tells its line and keeps the vectors before it.
  const truncate = flags.truncate === 'error' ? 'end' : flags.truncate;
  const options: StreamOptions<Dtype> = { truncate, inputType: query ? 'query' : inputType, dtype };
  if (promptName !== undefined) options.promptName = promptName;
  if (dimensions !== undefined) options.dimensions = dimensions;
  return options;
}

function tooLong(place: string, maxTokens: number): InputError {
  return new InputError(
    `${place}: the text has more than the ${maxTokens} tokens that the model reads (--truncate error)`,
  );
}

function summarise(tally: Tally, { info }: Embedder, flags: EmbedFlags): void {
  if (flags.json) {
    const { texts, tokens, truncated, seconds } = tally;
    const { model, revision, fingerprint, device, precision, activations } = info;
    const dimensions = flags.dimensions ?? info.dimensions;
    const summary = {
      ...{ texts, tokens, truncated, seconds, dimensions, dtype: flags.dtype, model, revision, fingerprint },
      ...{ device, precision, activations },
    };
    process.stderr.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const speed = `${grouped(tally.textsPerSecond)} texts/s, ${grouped(tally.tokensPerSecond)} tokens/s`;
  note(
    `${counted(tally.texts, 'text')}, ${counted(tally.tokens, 'token')} in ${duration(tally.seconds)}: ${speed}`,
    flags,
  );
  if (tally.truncated > 0) note(`${counted(tally.truncated, 'text')} cut to ${info.maxTokens} tokens`, flags);
}
