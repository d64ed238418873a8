/** The packages of a platform that npm installs beside this one: the addon with the CPU's runtime, and plugins of other devices. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OvembedError } from './errors.js';

export const PLATFORM_PACKAGE = `@ovembed/${process.platform}-${process.arch}`;

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

/** What to install for a device, as npm takes it; undefined where a package would not help, as in a clone. */
export function packageFor(device: string): string | undefined {
  const kind = DEVICES.find((each) => device.toLowerCase().startsWith(each));
  const name = `${PLATFORM_PACKAGE}-${kind}`;
  const platform = kind && folderOf(PLATFORM_PACKAGE);
  if (!platform || folderOf(name)) return undefined;
  return `${name}@${manifestOf(platform).version}`;
}

interface Manifest {
  version: string;
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
  const [found, wanted] = [folder, join(__dirname, '..')].map((each) => manifestOf(each).version);
  if (found === wanted) return folder;
  throw new OvembedError(
    'ERR_NATIVE_LOAD',
    `${name} has version ${found}, and ovembed has ${wanted}: they belong together. Run "npm install ${name}@${wanted}", ` +
      'or delete the lockfile and node_modules and install again.',
  );
}
