/** `ovembed info`: what this machine and this model are, and what was chosen for them. */
import { ovembedCacheDir } from '../../cache-dir.js';
import { nameOf } from '../../devices/computation.js';
import type { EmbedderInfo } from '../../index.js';
import { hubSettings } from '../../models/hub/settings.js';
import { callNative, type NativeDevice, native } from '../../native.js';
import { VERSION } from '../../version.js';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import type { CommonFlags } from '../flags.js';
import { loadModel } from '../load.js';
import { StdoutTarget } from '../output/targets.js';

/** A part that could not be found out, and why. */
interface Problem {
  part: 'devices' | 'model';
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
  folders: { models: string; cache: string };
  problems: Problem[];
}

/**
 * One part that fails does not hide the others.
 * @returns the exit code: that of the first problem
 */
export async function info(flags: CommonFlags): Promise<number> {
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
  const report: Report = {
    version: VERSION,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    runtimeVersion: runtime?.version ?? null,
    devices: runtime?.devices ?? [],
    model,
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

async function readModel(flags: CommonFlags): Promise<EmbedderInfo> {
  const embedder = await loadModel(flags);
  await embedder.close();
  return embedder.info;
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
