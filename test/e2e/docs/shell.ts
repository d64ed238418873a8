/** What can be said of shell blocks that are not run: the shell can read them, and our command knows what it is told. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from '../../../lib/cli/program.js';
import { ROOT } from './blocks.js';

export async function problemsOfShell(code: string): Promise<string[]> {
  const { status, stderr } = spawnSync('bash', ['-n', '-c', code], { encoding: 'utf8' });
  if (status !== 0) return [stderr];
  const problems = await Promise.all(commandsIn(code).map(problemOf));
  return problems.filter((problem) => problem !== undefined);
}

/** Words of each call of `ovembed` or `npm`. */
function commandsIn(code: string): string[][] {
  const lines = code.replaceAll('\\\n', ' ').split('\n');
  return lines.flatMap((line) => {
    const words = (line.match(/"[^"]*"|'[^']*'|&&|\|\||[|;&()]|(?:^|\s)#.*|[^\s|;&()]+/g) ?? []).map((word) =>
      word.trim(),
    );
    const commands: string[][] = [[]];
    for (const word of words) {
      if (word.startsWith('#')) break;
      if (/^(&&|\|\||[|;&()])$/.test(word)) commands.push([]);
      else if (!/^\d?[<>]/.test(word)) commands.at(-1)?.push(word.replace(/^(["'])(.*)\1$/, '$2'));
    }
    return commands.map((words) => words.slice(words[0] === 'npx' ? 1 : 0));
  });
}

async function problemOf([name, ...args]: string[]): Promise<string | undefined> {
  if (name === 'npm') {
    const env = { ...process.env, OVEMBED_DOCS_ROOT: ROOT };
    const npm = join(import.meta.dirname, 'commands/npm');
    const { status, stderr } = spawnSync(process.execPath, [npm, ...args], { env, encoding: 'utf8' });
    return status === 0 ? undefined : stderr;
  }
  if (name !== 'ovembed') return undefined;
  const program = buildProgram(async () => {});
  let said = '';
  const quiet = (command: Command): void => {
    command.configureOutput({ writeErr: (text) => (said += text), writeOut: () => {} }).exitOverride();
    command.commands.forEach(quiet);
  };
  quiet(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if ((error as { exitCode?: number }).exitCode !== 0) return said || String(error);
  }
  return undefined;
}
