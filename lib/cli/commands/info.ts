/** `ovembed info`: what this machine and this model are, and what was chosen for them. */
import { ovembedCacheDir } from '../../cache-dir.js';
import { USUAL_BUCKETS } from '../../compile-ahead.js';
import { type DeviceReport, reportDevice } from '../../device-report.js';
import { type Computation, nameOf } from '../../devices/computation.js';
import type { EmbedderInfo } from '../../index.js';
import { hubSettings } from '../../models/hub/settings.js';
import { modelOrDefault, readModelFolder, resolveModel } from '../../models/index.js';
import { callNative, type NativeDevice, native } from '../../native.js';
import { VERSION } from '../../version.js';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import type { InfoFlags } from '../flags.js';
import { loadModel, withDownload } from '../load.js';
import { StdoutTarget } from '../output/targets.js';
import { deviceRows } from './device-report.js';

/** A part that could not be found out, and why. */
interface Problem {
  part: 'devices' | 'model' | 'report';
  code: string;
  message: string;
}

interface Report {
  version: string;
  node: string;
  platform: string;
  /** Null if the addon does not load. */
  runtimeVersion: string | null;
  devices: NativeDevice[];
  /** Null if the model does not load. */
  model: EmbedderInfo | null;
  /** Whether the model can run on the device of `--device`; null without it, and where that cannot be found out. */
  deviceReport: DeviceReport | null;
  folders: { models: string; cache: string };
  problems: Problem[];
}

/**
 * One part that fails does not hide the others.
 * @returns the exit code: that of the first problem
 */
export async function info(flags: InfoFlags): Promise<number> {
  const errors: unknown[] = [];
  const problems: Problem[] = [];
  const attempt = async <T>(part: Problem['part'], work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      const { code = 'UNEXPECTED', message } = error as NodeJS.ErrnoException;
      errors.push(error);
      problems.push({ part, code, message });
      return null;
    }
  };

  const runtime = await attempt('devices', readRuntime);
  const model = runtime && (await attempt('model', () => readModel(flags)));
  const { device = 'auto' } = flags;
  const deviceReport =
    runtime && device !== 'auto' ? await attempt('report', () => readDevice(device, flags, model)) : null;
  const report: Report = {
    version: VERSION,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    runtimeVersion: runtime?.version ?? null,
    devices: runtime?.devices ?? [],
    model,
    deviceReport,
    folders: { models: hubSettings().cache, cache: ovembedCacheDir(flags.cacheDir) },
    problems,
  };
  await new StdoutTarget().append(Buffer.from(flags.json ? `${JSON.stringify(report, null, 2)}\n` : describe(report)));
  return errors.length > 0 ? exitCodeOf(errors[0]) : EXIT.ok;
}

async function readRuntime(): Promise<{ version: string; devices: NativeDevice[] }> {
  const addon = native();
  return { version: addon.runtimeVersion, devices: await callNative(() => addon.devices()) };
}

async function readModel(flags: InfoFlags): Promise<EmbedderInfo> {
  const embedder = await loadModel(flags);
  await embedder.close();
  return embedder.info;
}

/** @param model where it was loaded, on this device or another */
function readDevice(device: string, flags: InfoFlags, model: EmbedderInfo | null): Promise<DeviceReport> {
  const { precision = 'auto', activations = 'auto', modelFile } = flags;
  return withDownload(flags, async ({ logger, ...options }) => {
    const { folder } = await resolveModel(modelOrDefault(flags.model), { ...options, logger });
    const spec = await readModelFolder(folder, modelFile);
    const most = spec.maxLength || spec.maxPositions || Number.POSITIVE_INFINITY;
    return reportDevice({
      addon: native(),
      spec,
      device,
      precision,
      activations,
      computation: model?.devices.flatMap((each) => computationOn(device, each))[0],
      buckets: flags.buckets ?? [...new Set(USUAL_BUCKETS.map((bucket) => Math.min(bucket, most)))],
      cacheDir: ovembedCacheDir(flags.cacheDir),
      logger,
    });
  });
}

function computationOn(device: string, info: EmbedderInfo['devices'][number]): Computation[] {
  const { precision, activations } = info;
  return info.device === device && precision && activations ? [{ precision, activations }] : [];
}

type Row = readonly [name: string, value: string];

function describe(report: Report): string {
  const runtime = report.runtimeVersion === null ? '' : `, OpenVINO ${report.runtimeVersion}`;
  const lines = [`ovembed ${report.version}${runtime}, Node ${report.node}, ${report.platform}`];
  const section = (title: string, rows: readonly Row[]) => {
    lines.push('', title, ...rows.map(([name, value]) => `  ${name.padEnd(13)}${value}`));
  };
  if (report.devices.length > 0) section('Devices', report.devices.map(deviceRow));
  if (report.model) {
    section('Model', modelRows(report.model));
    section('Chosen', choiceRows(report.model));
  }
  if (report.deviceReport) section(`On ${report.deviceReport.device}`, deviceRows(report.deviceReport));
  section('Folders', [
    ['models', report.folders.models],
    ['cache', report.folders.cache],
  ]);
  if (report.problems.length > 0) {
    section(
      'Problems',
      report.problems.map(({ part, code, message }) => [
        part,
        `${code}: ${message.replaceAll('\n', `\n${' '.repeat(15)}`)}`,
      ]),
    );
  }
  return `${lines.join('\n')}\n`;
}

function deviceRow({ name, fullName, capabilities }: NativeDevice): Row {
  return [name, capabilities.length > 0 ? `${fullName} (${capabilities.join(', ')})` : fullName];
}

function modelRows(model: EmbedderInfo): Row[] {
  const prompts = Object.entries(model.prompts).map(([name, text]) => `${name} ${JSON.stringify(text)}`);
  return [
    ['name', model.model],
    ['revision', model.revision ?? 'none (a folder)'],
    ['fingerprint', model.fingerprint],
    ['weights', model.source],
    ['dimensions', String(model.dimensions)],
    ['max tokens', model.maxTokens === 0 ? 'no limit' : String(model.maxTokens)],
    ['pooling', [model.pooling].flat().join(', ')],
    ['normalised', model.normalize ? 'yes' : 'no'],
    ['prompts', prompts.join(', ')],
  ];
}

function choiceRows(model: EmbedderInfo): Row[] {
  return [
    ['device', `${model.device}, ${model.deviceName} (${model.deviceReason})`],
    ['precision', `${nameOf(model)} (${model.precisionReason})`],
    ['streams', `${model.streams}, with ${model.threads} threads together`],
    ['compiled', model.fromBlob ? 'read from the cache' : 'just now'],
  ];
}
