/** `ovembed cache`: its options and help. */
import { type Command, Option } from 'commander';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { CacheFlags } from '../flags.js';
import { addMessageOptions, type Run } from './common.js';

export function addCache(program: Command, run: Run): void {
  const cache = program
    .command('cache')
    .summary('look into a cache of vectors, check it or clear it')
    .description('Looks into a cache of vectors, checks it or clears it, while processes use it.');
  const commands = {
    stats: 'Counts what is kept: records, bytes, element types.',
    verify: 'Reads every record and checks it. What is damaged is never handed out, so nothing has to be repaired.',
    clear: 'Forgets everything: all of a folder, or all keys of the prefix in Redis. It does not ask.',
  };
  for (const [name, description] of Object.entries(commands)) {
    const command = cache.command(name).description(description);
    command.addOption(new Option('--disk <folder>', 'the folder of cache.disk.path').conflicts('redis'));
    command.option('--redis <url>', 'the server of cache.redis.url (needs the package ioredis or iovalkey)');
    command.option('--prefix <prefix>', 'of the cache (default: ovembed)');
    if (name === 'verify') command.option('--repair', 'remove what is damaged');
    addMessageOptions(command)
      .addHelpText('after', `\n${EXIT_CODE_HELP}\n`)
      .action((flags: CacheFlags) =>
        run(async () => (await import('../commands/cache.js')).cache(name as keyof typeof commands, flags), flags),
      );
  }
}
