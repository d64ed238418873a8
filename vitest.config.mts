import { defineConfig } from 'vitest/config';

/** The groups run one after the other, so that a test that measures time or memory has the machine to itself. */
export default defineConfig({
  test: {
    projects: [
      // Policies against a fake engine: no addon, in parallel.
      project('unit', { order: 0, testTimeout: 10_000 }),
      // The build's own scripts, and what the build left behind.
      project('build', { order: 1, testTimeout: 30_000 }),
      // The benchmark's own arithmetic.
      project('bench', { order: 1, testTimeout: 30_000, folder: 'bench/test' }),
      // The addon in this process: one worker, since OpenVINO uses every core; a native module is not safe in a thread pool.
      project('native', {
        order: 2,
        testTimeout: 120_000,
        workers: 1,
        execArgv: ['--expose-gc'],
        globalSetup: './test/native/global-setup.ts',
      }),
      // Spawned processes, judged from outside by exit code, signal and output.
      project('e2e', { order: 3, testTimeout: 180_000, workers: 1 }),
    ],
  },
});

interface ProjectSettings {
  order: number;
  /** Default: the folder in test/ of the group's name. */
  folder?: string;
  /** Milliseconds; also for hooks, which load models. */
  testTimeout: number;
  workers?: number;
  execArgv?: string[];
  /** Runs once before the group's files. */
  globalSetup?: string;
}

function project(
  name: string,
  { order, testTimeout, workers, execArgv = [], globalSetup, folder = `test/${name}` }: ProjectSettings,
) {
  const oneByOne = workers === 1 ? { maxWorkers: 1, fileParallelism: false } : {};
  return {
    test: {
      name,
      include: [`${folder}/**/*.test.{ts,mts,mjs}`],
      pool: 'forks' as const,
      execArgv,
      testTimeout,
      hookTimeout: testTimeout,
      sequence: { groupOrder: order },
      ...(globalSetup ? { globalSetup } : {}),
      ...oneByOne,
    },
  };
}
