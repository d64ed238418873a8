/** `ovembed info`: its options. */
import type { Command } from 'commander';
import type { InfoFlags } from '../flags.js';
import { addCommonOptions, positiveIntegers, type Run } from './common.js';

export function addInfo(program: Command, run: Run): void {
  const info = program
    .command('info')
    .summary('print devices, precision and model identity')
    .description(
      'Prints the devices of this machine, the identity of the model, and what was chosen for them and why. With --device also ' +
        'whether the model can run there, be the device here or not.',
    )
    .option('--buckets <list>', 'lengths in tokens that --device is asked about (default: 32,128)', positiveIntegers);
  addCommonOptions(info).action((flags: InfoFlags) =>
    run(async () => (await import('../commands/info.js')).info(flags), flags),
  );
}
