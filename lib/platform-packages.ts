/** The packages of a platform that npm installs beside this one: the addon with the CPU's runtime, and plugins of other devices. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OvembedError } from './errors.js';

export const PLATFORM_PACKAGE = `@ovembed/${process.platform}-${process.arch}`;

/** The folder of ovembed itself. */
const PACKAGE = join(__dirname, '..');

/** The devices whose plugins have packages of their own. */
const DEVICES = ['gpu', 'npu'];

/** One plugin of OpenVINO that lies in another folder than the runtime. */
export interface DevicePlugin {
  /** OpenVINO's name: GPU, NPU, AUTO. */
  device: string;
  /** Absolute. */
  library: string;
}

/**
 * The addon of the platform's package, or undefined where that is not installed.
 * @throws OvembedError `ERR_NATIVE_LOAD` if it is there in another version
 */
export function addonOfPackage(): string | undefined {
  const folder = folderOf(PLATFORM_PACKAGE);
  return folder && join(folder, 'ovembed.node');
}

/**
 * The plugins in those packages that are installed. Several may bring the same one; the first is taken.
 * @throws OvembedError `ERR_NATIVE_LOAD` if a package is there in another version
 */
export function devicePlugins(): DevicePlugin[] {
  const plugins = new Map<string, DevicePlugin>();
  for (const each of DEVICES) {
    const folder = folderOf(`${PLATFORM_PACKAGE}-${each}`);
    if (!folder) continue;
    for (const [device, file] of Object.entries(manifestOf(folder).ovembed?.plugins ?? {})) {
      if (!plugins.has(device)) plugins.set(device, { device, library: join(folder, file) });
    }
  }
  return [...plugins.values()];
}

/** What to do about a device that is not there; undefined where its plugin is, or no package would help, as in a clone. */
export function pluginAdvice(device: string): string | undefined {
  const kind = DEVICES.find((each) => device.toLowerCase().startsWith(each));
  if (!kind || !folderOf(PLATFORM_PACKAGE)) return undefined;
  const name = `${PLATFORM_PACKAGE}-${kind}`;
  const version = manifestOf(PACKAGE).peerDependencies?.[name]; // written when the packages are made
  if (version === undefined) return `No package with its plugin is made for ${process.platform}-${process.arch}.`;
  if (folderOf(name)) return undefined;
  return `Its plugin is a package of its own: "npm install ${name}@${version}".`;
}

interface Manifest {
  version: string;
  peerDependencies?: Record<string, string>;
  ovembed?: { plugins?: Record<string, string> };
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Node's own search from this file, so that it works wherever a package manager puts things. */
function folderOf(name: string): string | undefined {
  let folder: string;
  try {
    folder = dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
  const [found, wanted] = [folder, PACKAGE].map((each) => manifestOf(each).version);
  if (found === wanted) return folder;
  throw new OvembedError(
    'ERR_NATIVE_LOAD',
    `${name} has version ${found}, and ovembed has ${wanted}: they belong together. Run "npm install ${name}@${wanted}", ` +
      'or delete the lockfile and node_modules and install again.',
  );
}
