/** `ovembed map`: its options and help. */
import { type Command, Option } from 'commander';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { MapFlags } from '../flags.js';
import { addMessageOptions, names, positiveInteger, type Run } from './common.js';

const MAP_HELP = `
FILE is what ovembed embed writes: .jsonl with vectors, .arrow, .parquet; or .npy, .safetensors, whose texts are taken from
the .jsonl or .txt of the same name, or from --texts.

Examples:
  ovembed embed notes.txt --output notes.jsonl && ovembed map notes.jsonl -o notes.html
  ovembed map vectors.* -o map.html                    vectors.npy and its texts in vectors.jsonl
  ovembed map notes.npy --texts notes.txt -o map.html
  ovembed map products.parquet --field title --color category -o products.html

The page needs nothing else: no server, no network. Everything that it shows is in it, so share it as you would the texts.

${EXIT_CODE_HELP}
`;

export function addMap(program: Command, run: Run): void {
  const map = program
    .command('map')
    .summary('draw vectors as a page to look at')
    .description('Places vectors in a plane, and writes one page with all of it: zoom, texts, colours, search.')
    .argument('<FILE...>', 'files of vectors')
    .requiredOption('-o, --output <file>', 'the page to write (.html)');
  map.optionsGroup('Input:');
  map.option('--texts <file>', 'of a .npy or .safetensors: a text on every line, or JSON Lines');
  map.option('--field <name>', 'the field or column of the text', 'text');
  map.option('--into <name>', 'JSON Lines, Arrow, Parquet: the field or column of the vector', 'embedding');
  map.addOption(
    new Option(
      '--dtype <type>',
      'element type of bytes, where the file does not say it (default: int8, uint8)',
    ).choices(['int8', 'uint8', 'binary', 'ubinary']),
  );
  map.option('--limit <n>', 'of more vectors than these a sample is shown', positiveInteger, 100_000);
  map.optionsGroup('Map:');
  map.addOption(
    new Option('--projection <name>', 'auto: umap where the package umap-js is installed, else pca')
      .choices(['auto', 'umap', 'pca'])
      .default('auto'),
  );
  map.option('--seed <n>', 'of the random numbers: the same seed gives the same map', positiveInteger, 1);
  map.option('--fields <names>', 'fields to keep beside the text (default: the first 8)', names);
  map.option('--color <field>', 'the field that colours at first (default: the first with few values)');
  map.option('--text-length <n>', 'of longer texts only so many characters are kept', positiveInteger, 500);
  map.option('--title <text>', 'of the page (default: the name of the first file)');
  addMessageOptions(map)
    .addHelpText('after', MAP_HELP)
    .action((files: string[], flags: MapFlags) =>
      run(async () => (await import('../commands/map.js')).map(files, flags), flags),
    );
}
