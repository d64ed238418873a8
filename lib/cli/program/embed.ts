/** `ovembed embed`: its options and help. */
import { type Command, Option } from 'commander';
import { CLEAN_FLAG, CLEAN_HELP, parseCleanFlag } from '../clean-flag.js';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { EmbedFlags } from '../flags.js';
import { addCommonOptions, names, positiveInteger, type Run } from './common.js';

const EMBED_HELP = `
Input is read as UTF-8. Plain text has a text on every line (an empty line is an empty text, so there are as many vectors
as lines); JSON Lines has an object on every line and the text in --field, and keeps all other fields as they are.

Examples:
  ovembed embed notes.txt > notes.jsonl
      {"text":"…","embedding":[…]} for every line
  ovembed embed products.jsonl --field description --into vector --output products.vectors.jsonl
      the same objects, each with one field more
  ovembed embed *.txt --output vectors.npy
      one matrix: numpy.load("vectors.npy") has the shape (lines, dimensions)
  ovembed embed products.jsonl --field description --columns id,title --output products.parquet
      a table: the vectors in the column "embedding", the text and the fields named beside them
  echo 'how do I reset it?' | ovembed embed --query
      a query, with the model's prompt for queries if it has one
  ovembed embed sample.txt --save-ranges ranges.json
  ovembed embed notes.txt --dtype int8 --ranges ranges.json --output vectors.npy
      a quarter of the size: the range of each dimension first, then vectors in 256 steps of it
  zcat corpus.jsonl.gz | ovembed embed --input-format jsonl --format npy > corpus.npy
      any size: memory stays the same

Ctrl-C stops reading, finishes what was read, and leaves a valid file; a second one stops at once.

${EXIT_CODE_HELP}
`;

export function addEmbed(program: Command, run: Run): void {
  const embed = program
    .command('embed')
    .summary('embed texts from files or standard input')
    .description('Embeds texts from files, one after the other, or from standard input (no FILE, or -).')
    .argument('[FILE...]', 'plain text or JSON Lines');
  addEmbedOptions(embed);
  addCommonOptions(embed)
    .addHelpText('after', EMBED_HELP)
    .action((files: string[], flags: EmbedFlags) =>
      run(async () => (await import('../commands/embed.js')).embed(files, flags), flags),
    );
}

function addEmbedOptions(command: Command): void {
  const choice = (flags: string, description: string, choices: string[], preset?: string) => {
    const option = new Option(flags, description).choices(choices);
    command.addOption(preset === undefined ? option : option.default(preset));
  };
  command.optionsGroup('Input:');
  choice(
    '--input-format <format>',
    'auto: jsonl for .jsonl and .ndjson, else lines',
    ['auto', 'lines', 'jsonl'],
    'auto',
  );
  command.option('--field <name>', 'JSON Lines: the field of the text', 'text');
  command.addOption(new Option('--query', 'short for --input-type query').conflicts(['inputType', 'promptName']));
  command.addOption(
    new Option('--input-type <type>', 'which prompt of the model goes in front (default: document)')
      .choices(['query', 'document'])
      .conflicts('promptName'),
  );
  command.option('--prompt-name <name>', 'a prompt of the model by its name');
  command.option(CLEAN_FLAG, CLEAN_HELP, parseCleanFlag);
  choice(
    '--truncate <mode>',
    'a text longer than the model reads: cut it at the end or the start, read it in chunks, or stop',
    ['end', 'start', 'chunk', 'error'],
    'end',
  );

  command.optionsGroup('Output:');
  command.option('-o, --output <file>', 'where to write (default: standard output)');
  choice('--format <format>', 'default: what --output ends in, else jsonl, which with npy can go to standard output', [
    'jsonl',
    'npy',
    'safetensors',
    'arrow',
    'parquet',
  ]);
  command.option('--into <name>', 'JSON Lines, Arrow, Parquet: the field or column of the vector', 'embedding');
  command.option('--columns <names>', 'Arrow, Parquet: fields to keep beside the text (default: id, if there)', names);
  command.option('--dimensions <n>', 'cut vectors to n dimensions, then normalise (Matryoshka)', positiveInteger);

  choice(
    '--dtype <type>',
    'element type of the vectors; binary and ubinary are bits, eight to a byte',
    ['float32', 'float16', 'bfloat16', 'int8', 'uint8', 'binary', 'ubinary'],
    'float32',
  );
  command.option('--ranges <file>', 'for int8 and uint8: the range of each dimension, from --save-ranges');
  command.addOption(
    new Option('--save-ranges <file>', 'write the ranges over these texts instead of vectors').conflicts([
      'output',
      'format',
      'dtype',
      'ranges',
    ]),
  );

  command.optionsGroup('Running:');
  command.option('--batch-tokens <n>', 'most tokens of a batch (default: 1024)', positiveInteger);
}
