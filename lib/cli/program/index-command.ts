/** `ovembed index`: its options and help. */
import { type Command, Option } from 'commander';
import { addChunkFlags } from '../chunk-flags.js';
import { CLEAN_FLAG, CLEAN_HELP, parseCleanFlag } from '../clean-flag.js';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { IndexFlags } from '../flags.js';
import { addCommonOptions, positiveInteger, type Run } from './common.js';

/** Where `index` writes and `search` looks, unless told otherwise. */
export const DEFAULT_INDEX = './ovembed-index';

const HELP = `
Sources are files, folders (with all that is below them, except hidden files and node_modules) and patterns in quotes. A
file is a document, except those with a document in each record: .jsonl, .ndjson, .csv, .tsv, .parquet. Markdown is cut at
headings, code at declarations, HTML is turned into text; all else is cut at paragraphs, sentences and words.

Examples:
  ovembed index docs/
  ovembed search "how do I reset it?"
      the folder ./ovembed-index, searched exactly
  ovembed index docs/ --chunk markdown --sink lancedb://./index
  ovembed index 'src/**/*.ts' --sink code.parquet
  ovembed index products.jsonl --field description --id sku --sink products.jsonl.vectors.jsonl

A run that was interrupted, by whatever, goes on where it was when the same command is run again: see --checkpoint.

${EXIT_CODE_HELP}
`;

export function addIndex(program: Command, run: Run): void {
  const index = program
    .command('index')
    .summary('documents to vectors in a folder, a file or a store')
    .description('Reads documents, cleans and cuts them, embeds the chunks and writes them where --sink says.')
    .argument('<SOURCE...>', 'files, folders, patterns');
  index.optionsGroup('Documents:');
  index.option('--field <name>', 'of records: the field of the text (default: text)');
  index.option('--id <name>', 'of records: the field of the id (default: id, if there, else the place in the file)');
  index.addOption(
    new Option('--on-error <what>', 'a document that cannot be read: tell it and go on, or stop')
      .choices(['collect', 'throw'])
      .default('collect'),
  );
  index.optionsGroup('Texts:');
  index.option(CLEAN_FLAG, `${CLEAN_HELP} (default: html, for HTML)`, parseCleanFlag);
  addChunkFlags(index);
  index.optionsGroup('Output:');
  index.option('-s, --sink <place>', '.jsonl, .npy, .arrow, .parquet, a folder, or the URL of a store', DEFAULT_INDEX);
  index.option('--no-dedup', 'write chunks of equal text as often as they come');
  index.option('--checkpoint <file>', 'by which an interrupted run goes on (default: beside the output)');
  index.option('--restart', 'begin anew where there is a checkpoint');
  index.option('--prompt-name <name>', 'a prompt of the model by its name (default: that for documents)');
  index.option('--dimensions <n>', 'cut vectors to n dimensions, then normalise (Matryoshka)', positiveInteger);
  index.option('--batch-tokens <n>', 'most tokens of a batch (default: 1024)', positiveInteger);
  addCommonOptions(index)
    .addHelpText('after', HELP)
    .action((sources: string[], flags: IndexFlags) =>
      run(async () => (await import('../commands/index.js')).index(sources, flags), flags),
    );
}
