/**
 * The packed packages, as a user installs them: into an empty project, from a registry that has nothing else, with scripts off
 * and a PATH without compilers, Python, Rust and CMake. npm is tried in every run; other package managers, Nodes and bundlers
 * (test/install, from its lockfile), and publint and attw with these very packages, in full tests only. It is what docs/install.md says.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programPath } from '../../../scripts/build/checks.mjs';
import { DEBIAN11 } from '../../../scripts/build/debian11.mjs';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { PLATFORM, stagePublished } from '../../install/published.mjs';
import { dependencyFolders, type Packed, packFolders, startRegistry } from '../../install/registry.mjs';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const ROOT = join(import.meta.dirname, '../../..');
const TOOLS = join(ROOT, 'test/install');
const tool = (path: string) => join(TOOLS, 'node_modules', path);
const run = promisify(execFile);

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ovembed-install-')));
const model = join(folder, 'model');
let registry: Awaited<ReturnType<typeof startRegistry>>;
let packed: Packed[];
let expected: number[];

interface Used {
  imported: number[];
  required: number[];
  inWorker: number[];
  /** Shared libraries of the package that the process had loaded. */
  libraries: string[];
}

/** What shell scripts of package managers call, beside Node itself. */
const COMMANDS = ['sh', 'env', 'dirname', 'basename', 'sed', 'uname', 'readlink'];

/** A folder for PATH. */
function pathWith(node: string): string {
  const bin = mkdtempSync(join(folder, 'bin-'));
  symlinkSync(node, join(bin, 'node'));
  for (const name of COMMANDS) {
    const { stdout, status } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) symlinkSync(stdout.trim(), join(bin, name));
  }
  return bin;
}

/** Nothing of this machine's settings, caches and compilers. */
function cleanEnv(node = process.execPath): NodeJS.ProcessEnv {
  return {
    PATH: pathWith(node),
    HOME: join(folder, 'home'),
    npm_config_registry: registry.address,
    npm_config_cache: join(folder, 'npm-cache'),
    npm_config_store_dir: join(folder, 'pnpm-store'),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    YARN_NPM_REGISTRY_SERVER: registry.address,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_ENABLE_SCRIPTS: 'false',
    OVEMBED_CACHE_DIR: join(folder, 'cache'),
  };
}

function project(name: string, dependencies: Record<string, string> = {}): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name, version: '1.0.0', private: true, dependencies }));
  copyFileSync(join(TOOLS, 'use.mjs'), join(place, 'use.mjs'));
  return place;
}

const NPM = join(dirname(realpathSync(process.execPath)), '../lib/node_modules/npm/bin/npm-cli.js');

const npm = (cwd: string, ...args: string[]) => run(process.execPath, [NPM, ...args], { cwd, env: cleanEnv() });

async function use(cwd: string, command: string[] = [process.execPath], env = cleanEnv()): Promise<Used> {
  const [program, ...args] = command as [string, ...string[]];
  const { stdout } = await run(program, [...args, 'use.mjs', model], { cwd, env });
  return JSON.parse(stdout) as Used;
}

function expectUsed({ imported, required, inWorker, libraries }: Used): void {
  expect(imported).toEqual(expected);
  expect(required).toEqual(expected);
  expect(inWorker).toEqual(expected);
  expect(libraries.filter((file) => file.endsWith('.node'))).toHaveLength(1);
  expect(libraries.filter((file) => !file.startsWith(folder))).toEqual([]);
}

async function commandLine(cwd: string, command: string[], env = cleanEnv()): Promise<number[]> {
  const [program, ...args] = command as [string, ...string[]];
  const texts = join(folder, 'texts.txt');
  writeFileSync(texts, 'the river runs past the old mill\n');
  const options = ['--model', model, '--precision', 'f32', '--query', texts];
  const { stdout } = await run(program, [...args, 'embed', ...options], { cwd, env });
  return (JSON.parse(stdout) as { embedding: number[] }).embedding.slice(0, 4).map(Math.fround); // printed as short as f32 can be
}

beforeAll(async () => {
  mkdirSync(join(folder, 'home'));
  writeTinyModel(tinyModels.mean, model);
  const staged = await stagePublished(join(folder, 'staged'));
  const wanted = staged.filter(({ role }) => FULL || role === 'cpu' || role === 'main').map((each) => each.folder);
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  packed = await packFolders([...wanted, ...dependencyFolders(manifest)], join(folder, 'tarballs'));
  registry = await startRegistry(packed);
  const { Embedder } = createRequire(import.meta.url)(join(ROOT, 'dist/index.js'));
  const embedder = await Embedder.load(model, { precision: 'f32' });
  expected = [...(await embedder.embedQuery('the river runs past the old mill')).slice(0, 4)];
  await embedder.close();
});
afterAll(async () => {
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

const main = () => packed.find(({ manifest }) => manifest.name === 'ovembed') as Packed;
const platform = () => packed.find(({ manifest }) => manifest.name === `@ovembed/${PLATFORM}`) as Packed;

test('the main package has nothing to build with, and nothing that runs when it is installed', () => {
  const { manifest, file } = main();
  expect(Object.keys(manifest)).not.toContain('scripts');
  expect(manifest.optionalDependencies).toMatchObject({ [`@ovembed/${PLATFORM}`]: manifest.version });
  const files = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).split('\n');
  expect(files.filter((name) => /\.gyp$|\.(cpp|h|rs|node|so)$|CMakeLists|native\//.test(name))).toEqual([]);
  expect(files).toContain('package/dist/index.js');
});

test("a platform's package says where it belongs", () => {
  const { manifest } = platform();
  const [os, cpu] = PLATFORM.split('-');
  expect(manifest).toMatchObject({ os: [os], cpu: [cpu], preferUnplugged: true, version: main().manifest.version });
  if (os === 'linux') expect(manifest.libc).toEqual(['glibc']);
  expect(manifest.scripts).toBeUndefined();
});

describe('npm install ovembed', () => {
  let place: string;
  beforeAll(async () => {
    place = project('npm');
    await npm(place, 'install', '--ignore-scripts', 'ovembed');
  });

  test('is usable by import, require and in a worker', async () => {
    expectUsed(await use(place));
  });

  test('has a command', async () => {
    expect(await commandLine(place, [join(place, 'node_modules/.bin/ovembed')])).toEqual(expected);
  });

  test('a device whose plugin is not installed is told with its package, where that is made', async () => {
    const command = join(place, 'node_modules/.bin/ovembed');
    const args = ['info', '--model', model, '--device', 'GPU'];
    const askForGpu = async () => {
      const failure = run(command, args, { cwd: place, env: cleanEnv() }).catch((each) => each);
      return ((await failure) as { stderr: string }).stderr;
    };
    const file = join(place, 'node_modules/ovembed/package.json');
    const whole = readFileSync(file, 'utf8');
    const { peerDependencies, ...others } = JSON.parse(whole);
    const { [`@ovembed/${PLATFORM}-gpu`]: gpu, ...without } = peerDependencies;
    if (PLATFORM === 'linux-x64') expect(gpu).toBe(others.version);
    if (gpu) expect(await askForGpu()).toMatch(/no device "GPU"[\s\S]*npm install @ovembed\/[\w-]+-gpu@\d/);
    writeFileSync(file, JSON.stringify({ ...others, peerDependencies: without }));
    try {
      expect(await askForGpu()).toMatch(/no device "GPU"[\s\S]*No package with its plugin is made for/);
    } finally {
      writeFileSync(file, whole);
    }
  });

  test('without optional dependencies it says what is missing', async () => {
    const bare = project('npm-bare');
    await npm(bare, 'install', '--ignore-scripts', '--omit=optional', 'ovembed');
    const error = (await use(bare).catch((each) => each)) as { stderr: string };
    expect(error.stderr).toMatch(/ERR_NATIVE_LOAD/);
    expect(error.stderr).toContain(`package @ovembed/${PLATFORM}, an optional dependency of ovembed, is not installed`);
    expect(error.stderr).toContain('--omit=optional');
  });

  test("another version of the platform's package is refused", async () => {
    const manifest = join(place, `node_modules/@ovembed/${PLATFORM}/package.json`);
    const whole = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, JSON.stringify({ ...JSON.parse(whole), version: '0.0.9' }));
    try {
      const error = (await use(place).catch((each) => each)) as { stderr: string };
      expect(error.stderr).toMatch(/@ovembed\/\S+ has version 0\.0\.9, and ovembed has/);
    } finally {
      writeFileSync(manifest, whole);
    }
  });
});

describe.runIf(FULL)('in full', () => {
  beforeAll(async () => {
    if (existsSync(tool('esbuild'))) return;
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: TOOLS });
  }, 600_000);

  test('npm, offline from tarballs', async () => {
    const place = project('tarballs');
    const here = ({ manifest }: Packed) => !manifest.os || manifest.name === `@ovembed/${PLATFORM}`;
    const files = packed.filter(here).map(({ file }) => file);
    const env = { ...cleanEnv(), npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: join(folder, 'empty') };
    await run(process.execPath, [NPM, 'install', '--offline', '--ignore-scripts', ...files], { cwd: place, env });
    expectUsed(await use(place));
  });

  test('pnpm', async () => {
    const place = project('pnpm');
    const pnpm = [process.execPath, tool('pnpm/bin/pnpm.cjs')] as const;
    await run(pnpm[0], [pnpm[1], 'add', '--ignore-scripts', 'ovembed'], { cwd: place, env: cleanEnv() });
    expectUsed(await use(place));
    expect(await commandLine(place, [...pnpm, 'exec', 'ovembed'])).toEqual(expected);
  });

  test.each(['node-modules', 'pnpm', 'pnp'])('yarn, %s', async (linker) => {
    const place = project(`yarn-${linker}`);
    writeFileSync(join(place, 'yarn.lock'), '');
    const env = { ...cleanEnv(), YARN_NODE_LINKER: linker };
    const yarn = [process.execPath, tool('@yarnpkg/cli-dist/bin/yarn.js')] as const;
    await run(yarn[0], [yarn[1], 'add', 'ovembed'], { cwd: place, env });
    expectUsed(await use(place, [...yarn, 'node'], env));
    expect(await commandLine(place, [...yarn, 'ovembed'], env)).toEqual(expected);
  });

  test.runIf(PLATFORM === 'linux-x64').each(['node20', 'node22', 'node24'])('%s', async (name) => {
    const node = tool(`${name}/bin/node`);
    expectUsed(await use(join(folder, 'npm'), [node], cleanEnv(node)));
  });

  test.each(['commonjs', 'module'])('esbuild and webpack, to %s, with ovembed left out', async (type) => {
    const place = join(folder, 'npm');
    const esm = type === 'module';
    const require = createRequire(join(TOOLS, 'package.json'));
    const inEsbuild = join(place, esm ? 'esbuild.mjs' : 'esbuild.cjs');
    const source = join(place, 'bundled.mjs');
    writeFileSync(source, BUNDLED);
    const common = {
      bundle: true,
      platform: 'node',
      format: esm ? 'esm' : 'cjs',
      outfile: inEsbuild,
      logLevel: 'error',
    };
    await require('esbuild').build({ ...common, entryPoints: [source], external: ['ovembed', 'ovembed/*'] });

    const inWebpack = join(place, esm ? 'webpack.mjs' : 'webpack.cjs');
    await webpack(require('webpack'), source, inWebpack, type);
    for (const bundle of [inEsbuild, inWebpack]) {
      const { stdout } = await run(process.execPath, [bundle, model], { cwd: place, env: cleanEnv() });
      expect(JSON.parse(stdout)).toEqual(expected);
    }
  });

  test('publint has nothing to say', async () => {
    const { stdout } = await run(process.execPath, [programPath('publint', 'publint'), main().file, '--strict']);
    expect(stdout).toMatch(/All good/);
  });

  // `node10` knows no exports: its users set typesVersions aside and need node16, nodenext or bundler.
  test('attw finds the types in every way but that of old TypeScript', async () => {
    const cli = programPath('@arethetypeswrong/cli', 'attw');
    const { stdout } = await run(process.execPath, [cli, main().file, '--profile', 'node16', '--format', 'ascii']);
    const ways = stdout.split('\n').filter((line) => /^(node16|bundler)/.test(line));
    expect(ways.length).toBeGreaterThan(15);
    expect(ways.filter((line) => !line.includes('🟢'))).toEqual([]);
  });

  test.runIf(existsSync(DEBIAN11) && process.getuid?.() === 0)('Debian 11', () => {
    const script = join(ROOT, 'test/install/in-debian11.mjs');
    const output = execFileSync(process.execPath, [script, join(folder, 'npm'), model], { encoding: 'utf8' });
    expectUsed(JSON.parse(output.slice(output.indexOf('{'))) as Used);
  });

  test.runIf(PLATFORM === 'linux-x64')('plugins of other devices are found in their packages', async () => {
    const place = project('gpu');
    await npm(place, 'install', '--ignore-scripts', 'ovembed', `@ovembed/${PLATFORM}-gpu`, `@ovembed/${PLATFORM}-npu`);
    writeFileSync(join(place, 'plugins.cjs'), PLUGINS);
    const { stdout } = await run(process.execPath, ['plugins.cjs'], { cwd: place, env: cleanEnv() });
    const { npu, auto, libraries } = JSON.parse(stdout);
    expect(npu).toBeGreaterThan(20);
    expect(auto).toBeGreaterThan(5);
    expect(libraries).toContain(join(place, `node_modules/@ovembed/${PLATFORM}-npu/libopenvino_intel_npu_plugin.so`));
  });
});

const BUNDLED = `
  import { Embedder } from 'ovembed';
  Embedder.load(process.argv[2], { precision: 'f32' }).then(async (embedder) => {
    const vector = await embedder.embedQuery('the river runs past the old mill');
    console.log(JSON.stringify([...vector.slice(0, 4)]));
    await embedder.close();
  });`;

/** Asks devices that are not there: their plugins answer, from wherever they were loaded. */
const PLUGINS = `
  const { native } = require(require.resolve('ovembed/package.json').replace('package.json', 'dist/native.js'));
  (async () => {
    const count = async (device) => Object.keys(await native().deviceProperties(device)).length;
    const npu = await count('NPU');
    const auto = await count('AUTO');
    console.log(JSON.stringify({ npu, auto, libraries: process.report.getReport().sharedObjects }));
  })();`;

function webpack(bundler: (...args: unknown[]) => void, entry: string, output: string, type: string): Promise<void> {
  const esm = type === 'module';
  const settings = {
    mode: 'production',
    target: 'node20',
    entry,
    output: {
      path: dirname(output),
      filename: output.slice(dirname(output).length + 1),
      ...(esm && { module: true, chunkFormat: 'module' }),
    },
    ...(esm && { experiments: { outputModule: true } }),
    externals: { ovembed: `${esm ? 'module' : 'commonjs'} ovembed` },
  };
  return new Promise((resolve, reject) => {
    bundler(settings, (error: Error | null, stats: { hasErrors(): boolean; toString(): string }) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString()));
      else resolve();
    });
  });
}
