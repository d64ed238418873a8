#!/usr/bin/env node
/** The `ovembed` command: runs one command and turns whatever comes of it into an exit code. */
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { buildProgram } from './program.js';
import { reportError } from './stderr.js';

async function main(): Promise<number> {
  process.stderr.on('error', () => {}); // nobody listens: no reason to end
  process.stdout.on('error', () => {}); // nor if nobody reads the help to its end; commands see what comes of their writes
  let exitCode: number = EXIT.ok;
  const program = buildProgram(async (work, flags) => {
    try {
      exitCode = await work();
    } catch (error) {
      exitCode = exitCodeOf(error);
      if (exitCode !== EXIT.ok) reportError(error, exitCode !== EXIT.unexpected, flags);
    }
  });
  try {
    await program.parseAsync();
  } catch (error) {
    // commander has printed its message by now; help and version are no errors.
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return exitCode;
}

// Work that was given up, such as a read that waits for input, must not hold up the end.
void main().then((exitCode) => process.exit(exitCode));
