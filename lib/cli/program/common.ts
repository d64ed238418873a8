/** Options that several commands have, and what runs a command. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Manner } from '../stderr.js';

const PRECISIONS = ['auto', 'f32', 'bf16', 'f16', 'int8'];
const ACTIVATIONS = ['auto', 'f32', 'bf16', 'f16', 'int8', 'int8+bf16'];

/** Receives what a command is to do; the library is loaded only when that is called. */
export type Run = (work: () => Promise<number>, flags: Manner) => Promise<void>;

/** Of commands that run a model. */
export function addCommonOptions(command: Command): Command {
  command.optionsGroup('Model and device:');
  addSourceOptions(command)
    .option('--device <device>', 'auto, CPU, GPU, GPU.1, NPU … (default: auto)')
    .addOption(
      new Option(
        '--precision <precision>',
        'of the computation; int8 is that of the weights (default: auto, the fastest that is exact enough)',
      ).choices(PRECISIONS),
    )
    .addOption(
      new Option(
        '--activations <type>',
        'with --precision int8: element type of the activations (default: auto, the fastest)',
      ).choices(ACTIVATIONS),
    );
  return addMessageOptions(command);
}

/** Of commands that read a model. */
export function addSourceOptions(command: Command): Command {
  return command
    .option('-m, --model <model>', 'a folder, or a name on the hub (default: $OVEMBED_MODEL, else all-MiniLM-L6-v2)')
    .addOption(revisionOption())
    .option('--model-file <file>', 'the file of weights to take, such as onnx/model_O3.onnx (default: by preference)')
    .addOption(cacheDirOption())
    .addOption(offlineOption());
}

export function addFolderOptions(command: Command): Command {
  return command.addOption(cacheDirOption()).addOption(offlineOption());
}

export const revisionOption = () => new Option('--revision <revision>', 'a branch, tag or commit (default: main)');
const cacheDirOption = () =>
  new Option('--cache-dir <folder>', 'compiled models and measured choices (default: $OVEMBED_CACHE_DIR)');
const offlineOption = () => new Option('--offline', 'use no network: a model that is not on this machine is an error');

export function addMessageOptions(command: Command): Command {
  return command
    .optionsGroup('Messages:')
    .option('--json', 'messages (embed: summary and error; other commands: everything) as JSON')
    .option('-q, --quiet', 'no progress and no summary; warnings and errors only');
}

/** Both ends included. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be an integer ${range}.`);
  };
}

export const positiveInteger = integer(1);

export function positiveIntegers(list: string): number[] {
  return [...new Set(list.split(',').map((value) => positiveInteger(value.trim())))];
}

export function names(value: string): string[] {
  return value.split(',').filter((name) => name !== '');
}
