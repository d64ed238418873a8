/** `ovembed pull`: its options and help. */
import type { Command } from 'commander';
import type { ModelFlags } from '../flags.js';
import { addFolderOptions, addMessageOptions, type Run, revisionOption } from './common.js';

const PULL_HELP = `
Examples:
  ovembed pull intfloat/e5-small-v2
  ovembed pull org/name --revision v1.0 --json
  ovembed embed notes.txt --model "$(ovembed pull org/name --quiet)"

A download that is interrupted goes on where it ended. Models that need a token: HF_TOKEN, or the one of "hf auth login".
`;

export function addPull(program: Command, run: Run): void {
  const pull = program
    .command('pull')
    .summary('download a model, or bring it up to date')
    .description(
      'Asks the hub where the revision stands now, downloads what is not in the cache, checks the rest, and prints the folder.',
    )
    .argument('[MODEL]', 'a name on the hub (default: $OVEMBED_MODEL, else all-MiniLM-L6-v2)')
    .addOption(revisionOption());
  addFolderOptions(pull);
  addMessageOptions(pull)
    .addHelpText('after', PULL_HELP)
    .action((model: string | undefined, flags: ModelFlags) =>
      run(async () => (await import('../commands/pull.js')).pull(model, flags), flags),
    );
}
