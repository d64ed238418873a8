/** What a job is: found in its folder, or made of the options. */
import { hash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { RunSettings } from '../corpus/checkpoint.js';
import { preparationOf } from '../corpus/preparation.js';
import { namesOf, promptsOf, settingsOf, sourceFiles, spaceOf } from '../corpus/run-settings.js';
import { openSink, pathOf } from '../corpus/sinks/open.js';
import type { Embedder } from '../embedder.js';
import { invalidArgument, OvembedError } from '../errors.js';
import type { JobEntry } from './entries.js';
import type { JobFolder, JobPlan } from './folder.js';
import type { OutputOptions, SubmitOptions } from './options.js';
import { checkMove, checkPlace, privatePlace } from './output.js';
import { splitFiles } from './shards.js';

const SHARD_BYTES = 256 * 1024;

/** Where the folder of a job is, unless it is told. */
export function folderOf(sink: string): string {
  return `${pathOf(sink) ?? `ovembed-${hash('sha256', sink, 'hex').slice(0, 12)}`}.job`;
}

/** The plan in the folder, or a new one. */
export async function planOf(embedder: Embedder, folder: JobFolder, options: SubmitOptions): Promise<JobPlan> {
  const output = outputOf(options);
  const space = spaceOf(embedder.info, output);
  const { shardBytes = SHARD_BYTES } = options;
  const settings = { ...settingsOf(embedder.info, space, output), shardBytes };
  const found = await folder.plan();
  const jobId = options.jobId ?? found?.jobId ?? idOf(settings, folder);
  if (found) return checkSame(folder, found, { jobId, settings });
  // What would fail at the end should do so now.
  preparationOf(embedder, output, promptsOf(output));
  const files = await sourceFiles(namesOf(output.source) as readonly string[], output.sink, [folder.path]);
  if (files.length === 0) throw invalidArgument('source', 'at least one file', output.source);
  await checkPlace(output.sink);
  await mkdir(folder.path, { recursive: true });
  await checkMove(output.sink, folder.path);
  await trySink(output.sink, folder, space);
  const { model, revision, fingerprint, precision, activations } = embedder.info;
  const plan = {
    ...{ jobId, options: output, settings, space },
    model: { model, revision, fingerprint, precision, activations },
  };
  return checkSame(folder, await folder.create(splitFiles(files, shardBytes), plan), plan);
}

/** Others may give the same names in another folder of theirs. */
function idOf(settings: RunSettings, { path }: JobFolder): string {
  return hash('sha256', JSON.stringify([settings, resolve(path)]), 'hex').slice(0, 16);
}

function outputOf(options: SubmitOptions): OutputOptions {
  const { jobId, folder, shardBytes, attempts, backoffMs, restart, ...output } = options;
  return output;
}

/** A package that is missing, or a store of another model. */
async function trySink(place: string, folder: JobFolder, space: JobPlan['space']): Promise<void> {
  const trial = await mkdtemp(join(folder.path, 'trial-'));
  try {
    const sink = await openSink(privatePlace(place, trial));
    try {
      await sink.open(space, null);
    } finally {
      await sink.close();
    }
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

function checkSame(folder: JobFolder, found: JobPlan, wanted: { jobId: string; settings: RunSettings }): JobPlan {
  const { settings } = wanted;
  const names = [...new Set([...Object.keys(found.settings), ...Object.keys(settings)])];
  const other = names.filter((name) => JSON.stringify(found.settings[name]) !== JSON.stringify(settings[name]));
  if (other.length === 0 && found.jobId === wanted.jobId) return found;
  const what = other.length > 0 ? `with another ${other.join(', ')}` : `named ${found.jobId}`;
  const message = `${folder.path} is of a job ${what}. Submit that one, or begin anew with restart (--restart).`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` where the job's folder is not seen, or is that of another run */
export async function planIn(folder: JobFolder, { jobId, run }: JobEntry): Promise<JobPlan> {
  const plan = await folder.plan();
  if (plan?.run === run) return plan;
  const message = `${folder.path}: expected the folder of the job ${jobId} here. Workers run where they see it, and the source, under the names that the job was submitted with.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}
