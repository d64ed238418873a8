/** `ovembed index`: documents to vectors in a folder, a file or a store. */

import { indexCorpus } from '../../corpus/index-corpus.js';
import type { IndexCorpusOptions } from '../../corpus/options.js';
import { findFiles } from '../../corpus/readers/find-files.js';
import type { CorpusProgress, CorpusReport } from '../../corpus/report.js';
import { OvembedError } from '../../errors.js';
import { corpusOptions } from '../corpus-flags.js';
import { EXIT } from '../exit-codes.js';
import { InputError, OutputError, systemReason } from '../failures.js';
import { counted, duration, grouped } from '../figures.js';
import type { IndexFlags } from '../flags.js';
import { Interruption } from '../interruption.js';
import { loadModel } from '../load.js';
import { StdoutTarget } from '../output/targets.js';
import { NO_PROGRESS, type Shown, showProgress } from '../progress.js';
import { note, warn } from '../stderr.js';

/** @returns the exit code: that of the input if a document failed, though all others are done */
export async function index(sources: readonly string[], flags: IndexFlags): Promise<number> {
  await checkSources(sources);
  const interruption = new Interruption(() =>
    note('Stopping: what was read is finished; the same command goes on from there. Again to stop at once.', flags),
  );
  const { signal } = interruption;
  const progress = new IndexProgress();
  try {
    const { batchTokens } = flags;
    await using embedder = await loadModel(flags, { signal, ...(batchTokens !== undefined && { batchTokens }) });
    const display = flags.quiet || flags.json ? NO_PROGRESS : showProgress(progress);
    const onProgress = (latest: CorpusProgress) => {
      progress.latest = latest;
      display.update();
    };
    const options = { ...optionsOf(sources, flags), signal, onProgress };
    const report = await indexCorpus(embedder, options)
      .catch((error) => throwAsOutput(error, flags.sink))
      .finally(() => display.stop());
    await summarise(report, flags);
    return report.failed > 0 ? EXIT.input : EXIT.ok;
  } catch (error) {
    if (error !== signal.reason) throw error;
    note(`Stopped: ${progress.status()}.`, flags);
    return interruption.exitCode as number;
  } finally {
    interruption.end();
  }
}

/** Before a model is loaded, as a file that is missing is found sooner. */
export async function checkSources(sources: readonly string[]): Promise<void> {
  const files = await findFiles(sources).catch((error) => {
    throw new InputError(error.message);
  });
  if (files.length === 0) throw new InputError(`${sources.join(', ')}: there are no files`);
}

function optionsOf(source: readonly string[], flags: IndexFlags): IndexCorpusOptions {
  const { checkpoint, restart } = flags;
  const known = Object.entries({ checkpoint, restart }).filter(([, value]) => value !== undefined);
  return { ...corpusOptions(source, flags), ...Object.fromEntries(known) };
}

/** Errors of the library are its own words; others come from where is written to. */
function throwAsOutput(error: unknown, sink: string): never {
  const { code, path = sink } = error as NodeJS.ErrnoException;
  if (error instanceof OvembedError || typeof code !== 'string') throw error;
  throw new OutputError(`${path}: cannot be written: ${systemReason(error)}`, { cause: error });
}

class IndexProgress implements Shown {
  latest: CorpusProgress | undefined;

  get totalBytes(): number | undefined {
    return this.latest?.totalBytes;
  }

  get bytes(): number {
    return this.latest?.bytes ?? 0;
  }

  status(): string {
    if (!this.latest) return 'nothing read yet';
    const { documents, chunks, tokensPerSecond, secondsLeft, totalBytes } = this.latest;
    const parts = [counted(documents, 'document'), counted(chunks, 'chunk'), `${grouped(tokensPerSecond)} tokens/s`];
    if (totalBytes) parts.unshift(`${Math.floor((100 * Math.min(this.bytes, totalBytes)) / totalBytes)} %`);
    if (secondsLeft !== undefined) parts.push(`ETA ${duration(secondsLeft)}`);
    return parts.join(', ');
  }
}

const MOST_SHOWN = 10;

async function summarise(report: CorpusReport, flags: IndexFlags): Promise<void> {
  if (flags.json) return new StdoutTarget().append(Buffer.from(`${JSON.stringify(report)}\n`));
  const { documents, chunks, tokens, seconds, tokensPerSecond, failed, failures } = report;
  const done = [counted(documents, 'document'), counted(chunks, 'chunk'), counted(tokens, 'token')].join(', ');
  note(`${done} in ${duration(seconds)}: ${grouped(tokensPerSecond)} tokens/s; written to ${flags.sink}`, flags);
  const { duplicates, unchanged, truncated, filtered } = report;
  const more = [
    duplicates > 0 && `${counted(duplicates, 'chunk')} met before`,
    unchanged > 0 && `${counted(unchanged, 'chunk')} unchanged`,
    truncated > 0 && `${counted(truncated, 'chunk')} cut to what the model reads`,
    ...Object.entries(filtered).map(([reason, count]) => `${counted(count, 'document')} left out (${reason})`),
  ].filter(Boolean);
  if (more.length > 0) note(more.join(', '), flags);
  if (failed === 0) return;
  warn(`${counted(failed, 'document')} could not be used:`);
  for (const { message } of failures.slice(0, MOST_SHOWN)) warn(`  ${message}`);
  if (failed > MOST_SHOWN) warn(`  and ${grouped(failed - MOST_SHOWN)} more (--json lists them)`);
}
