/** `ovembed convert`: its options and help. */
import { type Command, Option } from 'commander';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { ConvertFlags } from '../flags.js';
import { addMessageOptions, addSourceOptions, positiveIntegers, type Run } from './common.js';

export function addConvert(program: Command, run: Run): void {
  const convert = program
    .command('convert')
    .summary('write a model once with weights of another type')
    .description('Writes MODEL, with its weights in the type of --precision, as a folder that loads like any model.')
    .argument('[MODEL]', 'a folder, or a name on the hub (default: that of --model)');
  convert.requiredOption('-o, --output <folder>', 'the folder to write; must not be there yet');
  convert.addOption(
    new Option('--precision <precision>', 'of the weights (default: int8)').choices(['int8', 'f32', 'f16', 'bf16']),
  );
  convert
    .optionsGroup('Compiled ahead, for a first start that need not compile:')
    .addOption(new Option('--device <device>', 'also compile for it').choices(['NPU', 'CPU']))
    .option('--platform <number>', 'of the NPU, which need not be here: 3720, 4000, 5010')
    .option('--buckets <list>', 'lengths in tokens (default: 32,128)', positiveIntegers);
  addSourceOptions(convert.optionsGroup('Model:'));
  addMessageOptions(convert)
    .addHelpText('after', `\n${EXIT_CODE_HELP}\n`)
    .action((model: string | undefined, flags: ConvertFlags) =>
      run(async () => (await import('../commands/convert.js')).convert(model, flags), flags),
    );
}
