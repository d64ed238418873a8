/** `ovembed index`: its options and help. */
import type { Command } from 'commander';
import { addCorpusFlags } from '../corpus-flags.js';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { IndexFlags } from '../flags.js';
import { addCommonOptions, positiveInteger, type Run } from './common.js';

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
  addCorpusFlags(index);
  index.option('--checkpoint <file>', 'by which an interrupted run goes on (default: beside the output)');
  index.option('--restart', 'begin anew where there is a checkpoint');
  index.option('--batch-tokens <n>', 'most tokens of a batch (default: 1024)', positiveInteger);
  addCommonOptions(index)
    .addHelpText('after', HELP)
    .action((sources: string[], flags: IndexFlags) =>
      run(async () => (await import('../commands/index.js')).index(sources, flags), flags),
    );
}
