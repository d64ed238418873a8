/** What each gate builds, runs and takes for a failure. Why options are as they are: native/tests/README.md. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../build/paths.mjs';
import { sanitizerProblem, valgrindProblem } from './trees.mjs';

const TESTS = 'ovembed_native_tests';
const supp = (name) => join(ROOT, 'native', 'tests', name);
const ADDRESS = 'address,undefined';

/** Without what measures time, and what compares bits at length: neither is about memory, and both take half of the time. */
const NOT_BITS_OR_TIMES = '-BitIdentity.*:CancelInference.WhileItRunsEndsItWithinTheGraph';

/** Instrumented programs and TBB: without it, oneTBB loads libraries in a way that sanitizers refuse. */
const base = { TBB_ENABLE_SANITIZERS: '1' };

const address = {
  ...base,
  ASAN_OPTIONS: 'detect_stack_use_after_return=1:strict_string_checks=1',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  LSAN_OPTIONS: `suppressions=${supp('lsan.supp')}`,
};

/** @typedef {{ problem(): string | undefined, tree: string, sanitize: string, targets: string[], run(tree: string, options: Options): Command }} Gate */
/** @typedef {{ command: string, args: string[], env: Record<string, string> }} Command */
/** @typedef {{ filter?: string, seconds?: string }} Options */

/** @type {Record<string, Gate>} */
export const GATES = {
  asan: {
    problem: () => sanitizerProblem(ADDRESS),
    tree: 'asan',
    sanitize: ADDRESS,
    targets: [TESTS],
    run: (tree, { filter = NOT_BITS_OR_TIMES }) => tests(tree, filter, address),
  },
  tsan: {
    problem: () => sanitizerProblem('thread'),
    tree: 'tsan',
    sanitize: 'thread',
    targets: [TESTS],
    run: (tree, { filter = `${NOT_BITS_OR_TIMES}:Fuzz.*` }) =>
      tests(tree, filter, { ...base, TSAN_OPTIONS: `halt_on_error=1:suppressions=${supp('tsan.supp')}` }),
  },
  valgrind: {
    problem: valgrindProblem,
    tree: 'valgrind',
    sanitize: '',
    targets: [TESTS],
    run: (tree, { filter = VALGRIND_TESTS }) => {
      const { command, args, env } = tests(tree, filter, base);
      return { command: 'valgrind', args: [...VALGRIND, command, ...args], env };
    },
  },
  fuzz: {
    problem: () => sanitizerProblem(ADDRESS),
    tree: 'asan',
    sanitize: ADDRESS,
    targets: [TESTS],
    run: (tree, { filter = 'Fuzz.*', seconds = '600' }) =>
      tests(tree, filter, { ...address, OVEMBED_FUZZ_SECONDS: seconds }),
  },
  addon: {
    problem: () => sanitizerProblem(ADDRESS),
    tree: 'asan',
    sanitize: ADDRESS,
    targets: ['ovembed'],
    run: (tree, { filter }) => ({
      command: process.execPath,
      args: [
        ...['node_modules/vitest/vitest.mjs', 'run', '--project', 'native', '--testTimeout=600000'],
        ...(filter ? [filter] : ADDON_TESTS),
      ],
      env: {
        ...address,
        // Node is not instrumented and does not free all it has; allocations of V8 are checked all the same.
        ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1',
        LD_PRELOAD: sharedLibraries('libasan.so', 'libubsan.so', 'libstdc++.so.6'),
        OVEMBED_PREBUILD: tree,
      },
    }),
  },
};

/** The seam and what is above it; not those of numbers or of memory, nor those that bring an addon of their own. */
const ADDON_TESTS = ['calls', 'cancellation', 'encode-now', 'lifetimes', 'random-values', 'schedules'].map(
  (name) => `test/native/${name}.test.ts`,
);

/** Some fifty inferences, and what reads files. What compiles many models takes hours here; heaps are Valgrind's own. */
const VALGRIND_TESTS = [
  ...['Batch', 'Cancellation', 'Cpus', 'Faults', 'FileLock', 'Json', 'MappedFile', 'Masks', 'Modules', 'Pipeline'],
  ...['Pooling', 'RunGate', 'Safetensors', 'ThreadPool', 'Tokenizer', 'Weights'],
]
  .map((name) => `${name}*`)
  .join(':');

const VALGRIND = [
  ...['--error-exitcode=1', '--leak-check=full', '--show-leak-kinds=definite', '--errors-for-leak-kinds=definite'],
  ...['--num-callers=40', '--quiet', '--fair-sched=yes', `--suppressions=${supp('valgrind.supp')}`],
];

function tests(tree, filter, env) {
  return { command: join(tree, TESTS), args: [`--gtest_filter=${filter}`, '--gtest_brief=1'], env };
}

/** Paths of the compiler's own libraries, for LD_PRELOAD. */
function sharedLibraries(...names) {
  const compiler = process.env.CXX ?? 'c++';
  return names
    .map((name) => execFileSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim())
    .join(':');
}
