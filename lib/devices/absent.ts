/** Why OpenVINO does not find a device, as far as the system tells, and what to do. */
import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a kind of device takes on Linux. */
interface Needs {
  /** Folder of the kernel's device files, and what they are called. */
  folder: string;
  file: RegExp;
  kernel: string;
  /** Package of the part of the driver that OpenVINO talks to, as Intel and Debian name it. */
  driver: string;
}

const NEEDS: Readonly<Record<string, Needs>> = {
  NPU: { folder: 'accel', file: /^accel\d+$/, kernel: 'intel_vpu', driver: 'intel-level-zero-npu' },
  GPU: { folder: 'dri', file: /^renderD\d+$/, kernel: 'i915 or xe', driver: 'intel-opencl-icd' },
};

/**
 * @param device of OpenVINO, such as `GPU.1`
 * @param devices the folder of device files
 * @returns a sentence; '' for a kind of device that nothing is known of
 */
export async function adviceFor(device: string, platform = process.platform, devices = '/dev'): Promise<string> {
  const [kind = ''] = device.split('.');
  const needs = NEEDS[kind];
  if (!needs) return '';
  if (platform !== 'linux') return `Look whether the system has a driver for its ${kind}, and which version.`;
  const { folder, file, kernel, driver } = needs;
  const files = (await readdir(join(devices, folder)).catch(() => [])).filter((name) => file.test(name));
  const shown = `${devices}/${folder}`;
  if (files.length === 0) {
    return `The kernel shows none in ${shown}: the machine has no ${kind}, or the kernel no driver for it (${kernel}), or a container does not pass it on.`;
  }
  const opens = await Promise.all(files.map((name) => mayOpen(join(devices, folder, name))));
  if (!opens.includes(true)) {
    return `The kernel shows ${files.join(', ')} in ${shown}, which this user may not open: it has to be in the group that owns it, often render.`;
  }
  return `The kernel shows ${files.join(', ')} in ${shown}, so it is the driver beside it that is missing or does not fit: ${driver}.`;
}

const mayOpen = (file: string) =>
  access(file, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
