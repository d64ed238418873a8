/** `ovembed verify`: its options and help. */
import type { Command } from 'commander';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { VerifyFlags } from '../flags.js';
import { addCommonOptions, type Run } from './common.js';

export function addVerify(program: Command, run: Run): void {
  const verify = program
    .command('verify')
    .summary('compare a precision or a device with f32 on the CPU')
    .description(
      'Embeds texts at --precision on --device and at f32 on the CPU, prints how close the vectors, the rankings and the ' +
        'correlation with given scores are, and whether that is within what the precision may cost.',
    )
    .argument('[MODEL]', 'a folder, or a name on the hub (default: that of --model)');
  verify
    .option('--reference <model>', 'the model whose f32 vectors are compared with (default: MODEL)')
    .option('--texts <file>', 'a text on every line, or JSON Lines with a field "text" (default: built-in)')
    .option('--pairs <file>', 'TSV: text, text, score; or JSON Lines with "a", "b", "score" (default: built-in)');
  addCommonOptions(verify)
    .addHelpText('after', `\n${EXIT_CODE_HELP}\n`)
    .action((model: string | undefined, flags: VerifyFlags) =>
      run(async () => (await import('../commands/verify.js')).verify(model, flags), flags),
    );
}
