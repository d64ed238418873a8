/** `ovembed models`: its options and help. */
import type { Command } from 'commander';
import type { ModelFlags } from '../flags.js';
import { addMessageOptions, type Run } from './common.js';

export function addModels(program: Command, run: Run): void {
  const models = program
    .command('models')
    .summary('list the models on this machine, or remove one')
    .description("Lists the models in the hub's cache with their revisions and sizes, whoever put them there.");
  addMessageOptions(models).action((flags: ModelFlags) =>
    run(async () => (await import('../commands/models.js')).listModels(flags), flags),
  );
  const remove = models
    .command('remove')
    .summary('remove a model from the cache')
    .description('Removes a model, or one revision of it, from the cache, and prints how much that freed.')
    .argument('<MODEL>', 'its name, as `ovembed models` prints it')
    .option('--revision <revision>', 'only this branch, tag or commit; files that others share stay');
  addMessageOptions(remove).action((id: string, _: ModelFlags, command: Command) => {
    const flags = command.optsWithGlobals<ModelFlags>();
    return run(async () => (await import('../commands/models.js')).removeModel(id, flags), flags);
  });
}
