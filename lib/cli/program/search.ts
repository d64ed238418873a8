/** `ovembed search`: its options and help. */
import type { Command } from 'commander';
import { DEFAULT_INDEX } from '../corpus-flags.js';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { SearchFlags } from '../flags.js';
import { addCommonOptions, positiveInteger, type Run } from './common.js';

const HELP = `
Examples:
  ovembed search "how do I reset it?"
  ovembed search "how do I reset it?" --index lancedb://./index -k 10 --json

The model is the one that the index was made with, unless --model names another of the same vectors.

${EXIT_CODE_HELP}
`;

export function addSearch(program: Command, run: Run): void {
  const search = program
    .command('search')
    .summary('find the passages nearest to a question')
    .description(
      'Embeds QUERY with the model of an index that ovembed index has made, and prints the nearest passages.',
    )
    .argument('<QUERY>', 'a question, in quotes')
    .option('-i, --index <place>', 'a folder, or the URL of a store', DEFAULT_INDEX)
    .option('-k, --count <n>', 'how many passages', positiveInteger, 5);
  addCommonOptions(search)
    .addHelpText('after', HELP)
    .action((query: string, flags: SearchFlags) =>
      run(async () => (await import('../commands/search.js')).search(query, flags), flags),
    );
}
