/** Options of the commands that make vectors of documents. */
import { type Command, Option } from 'commander';
import type { OutputOptions } from '../jobs/index.js';
import { addChunkFlags, type ChunkFlags, chunkerOptions } from './chunk-flags.js';
import { CLEAN_FLAG, CLEAN_HELP, parseCleanFlag } from './clean-flag.js';
import type { CommonFlags } from './flags.js';
import { positiveInteger } from './program/common.js';

/** Where `index` and `jobs submit` write and `search` looks, unless told otherwise. */
export const DEFAULT_INDEX = './ovembed-index';

export interface CorpusFlags extends CommonFlags, ChunkFlags {
  sink: string;
  clean?: Exclude<OutputOptions['clean'], false>;
  field?: string;
  id?: string;
  dedup: boolean;
  onError: 'throw' | 'collect';
  promptName?: string;
  dimensions?: number;
}

/** Adds what `corpusOptions` reads; options that follow are in the group of the output. */
export function addCorpusFlags(command: Command): void {
  command.optionsGroup('Documents:');
  command.option('--field <name>', 'of records: the field of the text (default: text)');
  command.option('--id <name>', 'of records: the field of the id (default: id, if there, else the place in the file)');
  command.addOption(
    new Option('--on-error <what>', 'a document that cannot be read: tell it and go on, or stop')
      .choices(['collect', 'throw'])
      .default('collect'),
  );
  command.optionsGroup('Texts:');
  command.option(CLEAN_FLAG, `${CLEAN_HELP} (default: html, for HTML)`, parseCleanFlag);
  addChunkFlags(command);
  command.optionsGroup('Output:');
  command.option(
    '-s, --sink <place>',
    '.jsonl, .npy, .arrow, .parquet, a folder, or the URL of a store',
    DEFAULT_INDEX,
  );
  command.option('--no-dedup', 'write chunks of equal text as often as they come');
  command.option('--prompt-name <name>', 'a prompt of the model by its name (default: that for documents)');
  command.option('--dimensions <n>', 'cut vectors to n dimensions, then normalise (Matryoshka)', positiveInteger);
}

export function corpusOptions(source: readonly string[], flags: CorpusFlags): OutputOptions {
  const { sink, clean, field, id, dedup, onError, promptName, dimensions } = flags;
  const given = { clean, field, id, promptName, dimensions };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  const chunk = chunkerOptions(flags) ?? false;
  return { source, sink, chunk, dedup, onError, ...Object.fromEntries(known) };
}
