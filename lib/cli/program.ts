/** The command line: commands, options and help. Nothing of the library is loaded here, so that help comes at once. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT_CODE_HELP } from './exit-codes.js';
import type {
  CacheFlags,
  CommonFlags,
  ConvertFlags,
  EmbedFlags,
  ModelFlags,
  QuantizeFlags,
  VerifyFlags,
} from './flags.js';
import type { Manner } from './stderr.js';
import { VERSION } from './version.js';

const PROGRAM_HELP = `
Examples:
  ovembed embed notes.txt --output notes.jsonl     a vector for every line of a text file
  ovembed embed --help                             all about it
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

const EMBED_HELP = `
Input is read as UTF-8. Plain text has a text on every line (an empty line is an empty text, so there are as many vectors
as lines); JSON Lines has an object on every line and the text in --field, and keeps all other fields as they are.

Examples:
  ovembed embed notes.txt > notes.jsonl
      {"text":"…","embedding":[…]} for every line
  ovembed embed products.jsonl --field description --into vector --output products.vectors.jsonl
      the same objects, each with one field more
  ovembed embed *.txt --output vectors.npy
      one matrix: numpy.load("vectors.npy") has the shape (lines, dimensions)
  ovembed embed products.jsonl --field description --columns id,title --output products.parquet
      a table: the vectors in the column "embedding", the text and the fields named beside them
  echo 'how do I reset it?' | ovembed embed --query
      a query, with the model's prompt for queries if it has one
  ovembed embed sample.txt --save-ranges ranges.json
  ovembed embed notes.txt --dtype int8 --ranges ranges.json --output vectors.npy
      a quarter of the size: the range of each dimension first, then vectors in 256 steps of it
  zcat corpus.jsonl.gz | ovembed embed --input-format jsonl --format npy > corpus.npy
      any size: memory stays the same

Ctrl-C stops reading, finishes what was read, and leaves a valid file; a second one stops at once.

${EXIT_CODE_HELP}
`;

const PULL_HELP = `
Examples:
  ovembed pull intfloat/e5-small-v2
  ovembed pull org/name --revision v1.0 --json
  ovembed embed notes.txt --model "$(ovembed pull org/name --quiet)"

A download that is interrupted goes on where it ended. Models that need a token: HF_TOKEN, or the one of "hf auth login".
`;

const PRECISIONS = ['auto', 'f32', 'bf16', 'f16', 'int8'];
const ACTIVATIONS = ['auto', 'f32', 'bf16', 'f16', 'int8', 'int8+bf16'];

/** Receives what a command is to do; the library is loaded only when that is called. */
type Run = (work: () => Promise<number>, flags: Manner) => Promise<void>;

export function buildProgram(run: Run): Command {
  const program = new Command('ovembed')
    .description('Text embeddings on this machine, by OpenVINO.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(ovembed help, or ovembed help embed, tells more)')
    .exitOverride()
    .addHelpText('after', PROGRAM_HELP);

  const embed = program
    .command('embed')
    .summary('embed texts from files or standard input')
    .description('Embeds texts from files, one after the other, or from standard input (no FILE, or -).')
    .argument('[FILE...]', 'plain text or JSON Lines');
  addEmbedOptions(embed);
  addCommonOptions(embed)
    .addHelpText('after', EMBED_HELP)
    .action((files: string[], flags: EmbedFlags) =>
      run(async () => (await import('./commands/embed.js')).embed(files, flags), flags),
    );

  const info = program
    .command('info')
    .summary('print devices, precision and model identity')
    .description(
      'Prints the devices of this machine, the identity of the model, and what was chosen for them and why.',
    );
  addCommonOptions(info).action((flags: CommonFlags) =>
    run(async () => (await import('./commands/info.js')).info(flags), flags),
  );
  addPull(program, run);
  addModels(program, run);
  addConvert(program, run);
  addQuantize(program, run);
  addVerify(program, run);
  addCache(program, run);
  return program;
}

function addPull(program: Command, run: Run): void {
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
      run(async () => (await import('./commands/pull.js')).pull(model, flags), flags),
    );
}

function addModels(program: Command, run: Run): void {
  const models = program
    .command('models')
    .summary('list the models on this machine, or remove one')
    .description("Lists the models in the hub's cache with their revisions and sizes, whoever put them there.");
  addMessageOptions(models).action((flags: ModelFlags) =>
    run(async () => (await import('./commands/models.js')).listModels(flags), flags),
  );
  const remove = models
    .command('remove')
    .summary('remove a model from the cache')
    .description('Removes a model, or one revision of it, from the cache, and prints how much that freed.')
    .argument('<MODEL>', 'its name, as `ovembed models` prints it')
    .option('--revision <revision>', 'only this branch, tag or commit; files that others share stay');
  addMessageOptions(remove).action((id: string, _: ModelFlags, command: Command) => {
    const flags = command.optsWithGlobals<ModelFlags>();
    return run(async () => (await import('./commands/models.js')).removeModel(id, flags), flags);
  });
}

function addConvert(program: Command, run: Run): void {
  const convert = program
    .command('convert')
    .summary('write a model once with weights of another type')
    .description('Writes MODEL, with its weights in the type of --precision, as a folder that loads like any model.')
    .argument('[MODEL]', 'a folder, or a name on the hub (default: that of --model)');
  convert.requiredOption('-o, --output <folder>', 'the folder to write; must not be there yet');
  convert.addOption(
    new Option('--precision <precision>', 'of the weights (default: int8)').choices(['int8', 'f32', 'f16', 'bf16']),
  );
  convert
    .optionsGroup('Compiled ahead, for a first start that need not compile:')
    .addOption(new Option('--device <device>', 'also compile for it').choices(['NPU', 'CPU']))
    .option('--platform <number>', 'of the NPU, which need not be here: 3720, 4000, 5010')
    .option('--buckets <list>', 'lengths in tokens (default: 32,128)', positiveIntegers);
  addSourceOptions(convert.optionsGroup('Model:'));
  addMessageOptions(convert)
    .addHelpText('after', `\n${EXIT_CODE_HELP}\n`)
    .action((model: string | undefined, flags: ConvertFlags) =>
      run(async () => (await import('./commands/convert.js')).convert(model, flags), flags),
    );
}

function addQuantize(program: Command, run: Run): void {
  const quantize = program
    .command('quantize')
    .summary('write a model once with weights and activations in int8')
    .description(
      'Finds the ranges of activations over the texts of --calibration, and writes MODEL in calibrated int8, as a folder ' +
        'that loads like any model. Check it with ovembed verify.',
    )
    .argument('[MODEL]', 'a folder, or a name on the hub (default: that of --model)')
    .requiredOption(
      '--calibration <file>',
      'texts as the model will embed: one on every line, or JSON Lines with "text"',
    )
    .requiredOption('-o, --output <folder>', 'the folder to write; must not be there yet');
  addSourceOptions(quantize.optionsGroup('Model:'));
  addMessageOptions(quantize)
    .addHelpText('after', `\n${EXIT_CODE_HELP}\n`)
    .action((model: string | undefined, flags: QuantizeFlags) =>
      run(async () => (await import('./commands/quantize.js')).quantize(model, flags), flags),
    );
}

function addVerify(program: Command, run: Run): void {
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
      run(async () => (await import('./commands/verify.js')).verify(model, flags), flags),
    );
}

function addCache(program: Command, run: Run): void {
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
        run(async () => (await import('./commands/cache.js')).cache(name as keyof typeof commands, flags), flags),
      );
  }
}

function addEmbedOptions(command: Command): void {
  const choice = (flags: string, description: string, choices: string[], preset?: string) => {
    const option = new Option(flags, description).choices(choices);
    command.addOption(preset === undefined ? option : option.default(preset));
  };
  command.optionsGroup('Input:');
  choice(
    '--input-format <format>',
    'auto: jsonl for .jsonl and .ndjson, else lines',
    ['auto', 'lines', 'jsonl'],
    'auto',
  );
  command.option('--field <name>', 'JSON Lines: the field of the text', 'text');
  command.addOption(new Option('--query', 'short for --input-type query').conflicts(['inputType', 'promptName']));
  command.addOption(
    new Option('--input-type <type>', 'which prompt of the model goes in front (default: document)')
      .choices(['query', 'document'])
      .conflicts('promptName'),
  );
  command.option('--prompt-name <name>', 'a prompt of the model by its name');
  choice(
    '--truncate <mode>',
    'a text longer than the model reads: cut it at the end, or stop',
    ['end', 'error'],
    'end',
  );

  command.optionsGroup('Output:');
  command.option('-o, --output <file>', 'where to write (default: standard output)');
  choice('--format <format>', 'default: what --output ends in, else jsonl, which with npy can go to standard output', [
    'jsonl',
    'npy',
    'safetensors',
    'arrow',
    'parquet',
  ]);
  command.option('--into <name>', 'JSON Lines, Arrow, Parquet: the field or column of the vector', 'embedding');
  command.option('--columns <names>', 'Arrow, Parquet: fields to keep beside the text (default: id, if there)', names);
  command.option('--dimensions <n>', 'cut vectors to n dimensions, then normalise (Matryoshka)', positiveInteger);

  choice(
    '--dtype <type>',
    'element type of the vectors; binary and ubinary are bits, eight to a byte',
    ['float32', 'float16', 'bfloat16', 'int8', 'uint8', 'binary', 'ubinary'],
    'float32',
  );
  command.option('--ranges <file>', 'for int8 and uint8: the range of each dimension, from --save-ranges');
  command.addOption(
    new Option('--save-ranges <file>', 'write the ranges over these texts instead of vectors').conflicts([
      'output',
      'format',
      'dtype',
      'ranges',
    ]),
  );

  command.optionsGroup('Running:');
  command.option('--batch-tokens <n>', 'most tokens of a batch (default: 1024)', positiveInteger);
}

/** Of commands that run a model. */
function addCommonOptions(command: Command): Command {
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
function addSourceOptions(command: Command): Command {
  return command
    .option('-m, --model <model>', 'a folder, or a name on the hub (default: $OVEMBED_MODEL, else all-MiniLM-L6-v2)')
    .addOption(revisionOption())
    .option('--model-file <file>', 'the file of weights to take, such as onnx/model_O3.onnx (default: by preference)')
    .addOption(cacheDirOption())
    .addOption(offlineOption());
}

function addFolderOptions(command: Command): Command {
  return command.addOption(cacheDirOption()).addOption(offlineOption());
}

const revisionOption = () => new Option('--revision <revision>', 'a branch, tag or commit (default: main)');
const cacheDirOption = () =>
  new Option('--cache-dir <folder>', 'compiled models and measured choices (default: $OVEMBED_CACHE_DIR)');
const offlineOption = () => new Option('--offline', 'use no network: a model that is not on this machine is an error');

function addMessageOptions(command: Command): Command {
  return command
    .optionsGroup('Messages:')
    .option('--json', 'messages (embed: summary and error; other commands: everything) as JSON')
    .option('-q, --quiet', 'no progress and no summary; warnings and errors only');
}

function positiveIntegers(list: string): number[] {
  return [...new Set(list.split(',').map((value) => positiveInteger(value.trim())))];
}

function names(value: string): string[] {
  return value.split(',').filter((name) => name !== '');
}

function positiveInteger(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError('It must be an integer of at least 1.');
  }
  return number;
}
