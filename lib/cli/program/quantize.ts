/** `ovembed quantize`: its options and help. */
import type { Command } from 'commander';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { QuantizeFlags } from '../flags.js';
import { addMessageOptions, addSourceOptions, type Run } from './common.js';

export function addQuantize(program: Command, run: Run): void {
  const quantize = program
    .command('quantize')
    .summary('write a model once with weights and activations in int8')
    .description(
      'Finds the ranges of activations over the texts of --calibration, and writes MODEL in calibrated int8, as a folder ' +
        'that loads like any model. Check it with ovembed verify.',
    )
    .argument('[MODEL]', 'a folder, or a name on the hub (default: that of --model)')
    .requiredOption(
      '--calibration <file>',
      'texts as the model will embed: one on every line, or JSON Lines with "text"',
    )
    .requiredOption('-o, --output <folder>', 'the folder to write; must not be there yet');
  addSourceOptions(quantize.optionsGroup('Model:'));
  addMessageOptions(quantize)
    .addHelpText('after', `\n${EXIT_CODE_HELP}\n`)
    .action((model: string | undefined, flags: QuantizeFlags) =>
      run(async () => (await import('../commands/quantize.js')).quantize(model, flags), flags),
    );
}
