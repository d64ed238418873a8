/** The command line: commands, options and help. Nothing of the library is loaded here, so that help comes at once. */
import { Command } from 'commander';
import { VERSION } from '../version.js';
import { EXIT_CODE_HELP } from './exit-codes.js';
import { addCache } from './program/cache.js';
import type { Run } from './program/common.js';
import { addConvert } from './program/convert.js';
import { addEmbed } from './program/embed.js';
import { addIndex } from './program/index-command.js';
import { addInfo } from './program/info.js';
import { addJobs } from './program/jobs.js';
import { addMap } from './program/map.js';
import { addModels } from './program/models.js';
import { addPull } from './program/pull.js';
import { addQuantize } from './program/quantize.js';
import { addSearch } from './program/search.js';
import { addServe } from './program/serve.js';
import { addVerify } from './program/verify.js';

const PROGRAM_HELP = `
Examples:
  ovembed embed notes.txt --output notes.jsonl     a vector for every line of a text file
  ovembed embed --help                             all about it
  ovembed index docs/                              the vectors of a folder of documents
  ovembed search "how do I reset it?"              the passages nearest to a question
  ovembed info                                     devices, precision and the model's identity
  ovembed pull org/name                            download a model, or bring it up to date
  ovembed models                                   what is on this machine, and how large it is

Environment:
  OVEMBED_MODEL       the model that is used when --model is not given
  OVEMBED_CACHE_DIR   compiled models and measured choices (else the user's cache folder)
  OVEMBED_LOG         debug, info, warn or error: what the library says on standard error
  HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE … as huggingface_hub reads them
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY   a proxy to the hub

${EXIT_CODE_HELP}
`;

export function buildProgram(run: Run): Command {
  const program = new Command('ovembed')
    .description('Text embeddings on this machine, by OpenVINO.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .addHelpText('after', PROGRAM_HELP);

  addEmbed(program, run);
  addIndex(program, run);
  addSearch(program, run);
  addInfo(program, run);
  addPull(program, run);
  addModels(program, run);
  addConvert(program, run);
  addQuantize(program, run);
  addVerify(program, run);
  addCache(program, run);
  addServe(program, run);
  addMap(program, run);
  addJobs(program, run);
  sayWhereHelpIs(program, 'ovembed');
  return program;
}

function sayWhereHelpIs(command: Command, words: string): void {
  command.showHelpAfterError(`(${words} --help tells more)`);
  for (const one of command.commands) sayWhereHelpIs(one, `${words} ${one.name()}`);
}
