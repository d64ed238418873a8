/** What is published: the main package, and per platform one with the addon and the CPU's runtime and one per other device. */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';

/** Their names as `process.platform-process.arch`. Only those of Linux are built here. */
export const PLATFORMS = ['linux-x64', 'linux-arm64', 'win32-x64', 'darwin-arm64'];

const MB = 2 ** 20; // as du and most systems count

/** Bytes of the main package and a platform's, which are what every user gets. */
export const CEILING = { unpacked: 100 * MB, download: 35 * MB };

/** Libraries of the packages beside the CPU's, by OpenVINO's names. Combinations of devices go with each: CPUs need none. */
const COMBINATIONS = {
  AUTO: 'openvino_auto_plugin',
  MULTI: 'openvino_auto_plugin',
  HETERO: 'openvino_hetero_plugin',
  BATCH: 'openvino_auto_batch_plugin',
};
const DEVICES = {
  gpu: { name: 'GPU', plugin: 'openvino_intel_gpu_plugin', besides: /^cache\.json$/ },
  npu: { name: 'NPU', plugin: 'openvino_intel_npu_plugin', besides: /openvino_intel_npu_(compiler|vm_runtime)/ },
};

const isOf = (file, library) => new RegExp(`^(lib)?${library}\\.(so|dylib|dll)`).test(file);
const ofDevice = (file, { plugin, besides }) => isOf(file, plugin) || besides.test(file);
const isCombination = (file) => Object.values(COMBINATIONS).some((library) => isOf(file, library));
const isOfDevices = (file) => isCombination(file) || Object.values(DEVICES).some((device) => ofDevice(file, device));

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/**
 * Makes the folder of each package below `target`; a folder is what `npm pack` takes.
 * @param {{ prebuilds: string, target: string }} options
 * @returns {{ name: string, folder: string, role: 'main' | 'cpu' | 'gpu' | 'npu', platform?: string }[]} main package last
 */
export function stagePackages({ prebuilds, target }) {
  rmSync(target, { recursive: true, force: true });
  const platforms = (existsSync(prebuilds) ? readdirSync(prebuilds) : []).filter((name) => PLATFORMS.includes(name));
  if (platforms.length === 0) throw new Error(`${prebuilds} holds no platform. Run "npm run prebuildify" first.`);
  const staged = platforms.flatMap((platform) => stagePlatform({ platform, from: join(prebuilds, platform), target }));
  return [...staged, stageMain({ platforms: staged, target })];
}

function stagePlatform({ platform, from, target }) {
  const files = readdirSync(from);
  const cpu = files.filter((name) => !isOfDevices(name) && !/^NOTICE/.test(name));
  const stage = (role, content) => stageBinaries({ role, platform, from, target, ...content });
  const addon = cpu.find((name) => name.endsWith('.node'));
  const packages = [
    stage('cpu', {
      files: cpu.map((name) => [name, name === addon ? 'ovembed.node' : name]),
      notice: 'NOTICE.txt',
      manifest: { main: './ovembed.node', exports: { '.': './ovembed.node', './package.json': './package.json' } },
      about: 'The native addon of ovembed and the OpenVINO runtime for the CPU',
    }),
  ];
  for (const [role, device] of Object.entries(DEVICES)) {
    if (!files.some((name) => isOf(name, device.plugin))) continue;
    const own = files.filter((name) => ofDevice(name, device) || isCombination(name));
    const plugins = Object.entries({ [device.name]: device.plugin, ...COMBINATIONS })
      .map(([name, library]) => [name, own.find((file) => isOf(file, library))])
      .filter(([, file]) => file);
    packages.push(
      stage(role, {
        files: own.map((name) => [name, name]),
        notice: 'NOTICE-openvino.txt',
        manifest: {
          exports: { './package.json': './package.json' },
          ovembed: { plugins: Object.fromEntries(plugins) },
        },
        about: `OpenVINO's ${device.name} plugin for ovembed`,
      }),
    );
  }
  return packages;
}

function stageBinaries({ role, platform, from, target, files, notice, manifest, about }) {
  const { version, license, engines } = manifestOf(ROOT);
  const name = `@ovembed/${platform}${role === 'cpu' ? '' : `-${role}`}`;
  const folder = join(target, name.replace('@', '').replace('/', '-'));
  const [os, cpu] = platform.split('-');
  mkdirSync(folder, { recursive: true });
  for (const [source, name] of files) copyFileSync(join(from, source), join(folder, name));
  copyFileSync(join(from, notice), join(folder, 'NOTICE.txt'));
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  const how =
    role === 'cpu'
      ? 'Installed by ovembed itself; not for use by hand.'
      : 'Install it beside ovembed, in the same version.';
  writeFileSync(join(folder, 'README.md'), `# ${name}\n\n${about}, ${platform}. ${how}\n`);
  writeManifest(folder, {
    name,
    version,
    description: `${about}, ${platform}`,
    license,
    ...(manifestOf(ROOT).repository && { repository: manifestOf(ROOT).repository }),
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' && { libc: ['glibc'] }),
    engines,
    preferUnplugged: true, // yarn's pnp keeps packages zipped; the dynamic loader needs files
    ...manifest,
  });
  return { name, folder, role, platform };
}

/** As in the checkout, without what only a checkout can use: nothing is built or run when a user installs it. */
function stageMain({ platforms, target }) {
  const folder = join(target, 'ovembed');
  mkdirSync(folder, { recursive: true });
  const { scripts, devDependencies, gypfile, binary, ...manifest } = manifestOf(ROOT);
  for (const name of manifest.files) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  const exactly = (role) => platforms.filter(role).map(({ name }) => [name, manifest.version]);
  const devices = exactly(({ role }) => role !== 'cpu');
  writeManifest(folder, {
    ...manifest,
    optionalDependencies: Object.fromEntries(exactly(({ role }) => role === 'cpu')),
    peerDependencies: { ...manifest.peerDependencies, ...Object.fromEntries(devices) },
    peerDependenciesMeta: {
      ...manifest.peerDependenciesMeta,
      ...Object.fromEntries(devices.map(([name]) => [name, { optional: true }])),
    },
  });
  return { name: manifest.name, folder, role: 'main' };
}

function writeManifest(folder, manifest) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * What a user of a platform gets, and what is wrong with it.
 * @param {{ role: string, platform?: string, unpacked: number, download: number }[]} packed
 */
export function overCeiling(packed) {
  const main = packed.find(({ role }) => role === 'main');
  return packed
    .filter(({ role }) => role === 'cpu')
    .flatMap(({ platform, ...sizes }) =>
      Object.entries(CEILING)
        .map(([kind, most]) => ({ kind, most, bytes: sizes[kind] + main[kind] }))
        .filter(({ most, bytes }) => bytes > most)
        .map(({ kind, most, bytes }) => `${platform}: ${inMb(bytes)} ${kind}, more than the ${inMb(most)} allowed`),
    );
}

export const inMb = (bytes) => `${(bytes / MB).toFixed(1)} MB`;
