/**
 * The end of a job: all parts become the output, and then the manifest says so. Any number of processes may be at it, one of them
 * killed or held up at any line: each puts the whole together in a folder of its own, one of these is claimed, that one goes to its
 * place, and the claim becomes the manifest.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Checkpoint } from '../corpus/checkpoint.js';
import { openSink, pathOf } from '../corpus/sinks/open.js';
import { withoutPassword } from '../corpus/sinks/store.js';
import type { RunState } from '../corpus/state.js';
import { OvembedError } from '../errors.js';
import { createOnce, type JobFolder, type JobPlan } from './folder.js';
import { mergeParts } from './merge.js';
import { privatePlace, publish } from './output.js';

const CHECKPOINT = 'checkpoint';

/** What is known of a job that is done. */
export interface JobManifest {
  jobId: string;
  /** Where the vectors are, without a password. */
  sink: string;
  model: string;
  revision: string | null;
  fingerprint: string;
  dimensions: number;
  precision: string;
  activations: string;
  shards: number;
  /** As in the report of `indexCorpus`; `truncated` and `cacheHits` count duplicates of other shards, too. */
  documents: number;
  chunks: number;
  tokens: number;
  duplicates: number;
  unchanged: number;
  truncated: number;
  cacheHits: number;
  filtered: Readonly<Record<string, number>>;
  failed: number;
  failures: readonly { documentId: string; code: string; message: string }[];
}

/**
 * @returns the manifest, whoever wrote it
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for a part that is missing, and for a run that is none any more; errors of the sink and
 *   of the file system
 */
export async function finishJob(folder: JobFolder, plan: JobPlan, signal: AbortSignal): Promise<JobManifest> {
  const done = await folder.manifest<JobManifest>(plan);
  if (done) {
    await folder.tidy(plan.run);
    return done;
  }
  if (!(await isClaimed(folder, plan))) await claim(folder, plan, signal);
  return commit(folder, plan);
}

async function claim(folder: JobFolder, plan: JobPlan, signal: AbortSignal): Promise<void> {
  const token = randomBytes(6).toString('hex');
  const own = folder.mergePath(plan.run, token);
  await takeOver(folder, plan, own);
  const sink = await openSink(privatePlace(plan.options.sink, own));
  const checkpoint = new Checkpoint(join(own, CHECKPOINT), { run: plan.run });
  const state = await mergeParts({ folder, plan, sink, checkpoint, signal });
  await createOnce(folder.claimPath(plan.run), { token, run: plan.run, ...manifestOf(plan, state) });
}

/** Goes on where another finisher was, from a copy of what it has: it may be alive and go on as well. */
async function takeOver(folder: JobFolder, plan: JobPlan, own: string): Promise<void> {
  const names = await readdir(folder.runPath(plan.run));
  let most: { path: string; checkpoint: string; shards: number } | undefined;
  for (const name of names.filter((name) => name.startsWith('merge-'))) {
    const path = join(folder.runPath(plan.run), name);
    const checkpoint = await readFile(join(path, CHECKPOINT), 'utf8').catch(() => undefined);
    const shards = checkpoint ? (JSON.parse(checkpoint).state as RunState).read.place.documents : 0;
    if (checkpoint && shards > (most?.shards ?? 0)) most = { path, checkpoint, shards };
  }
  if (!most) return void (await mkdir(own));
  // Files only grow, so what is copied later than the checkpoint was read holds all that it counts.
  await cp(most.path, own, { recursive: true });
  await writeFile(join(own, CHECKPOINT), most.checkpoint);
}

async function isClaimed(folder: JobFolder, { run }: JobPlan): Promise<boolean> {
  return (await readdir(folder.runPath(run))).includes('claim.json');
}

/** Also for a claim of a process that is gone. */
async function commit(folder: JobFolder, plan: JobPlan): Promise<JobManifest> {
  const path = folder.claimPath(plan.run);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const whole = folder.mergePath(plan.run, JSON.parse(text).token);
    await publish(plan.options.sink, whole, folder.asidePath(plan.run));
    await rename(path, folder.manifestPath).catch((error) => {
      // Another one was quicker.
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await folder.tidy(plan.run);
  const manifest = await folder.manifest<JobManifest>(plan);
  if (manifest) return manifest;
  throw new OvembedError('ERR_INVALID_ARGUMENT', `${folder.path}: the job ${plan.jobId} was begun anew, or removed.`);
}

function manifestOf({ jobId, options, space, model, shards }: JobPlan, { read, written }: RunState): JobManifest {
  const { documents, duplicates, unchanged, filtered, failed } = read.counts;
  return {
    jobId,
    sink: pathOf(options.sink) ?? withoutPassword(options.sink),
    ...{ model: model.model, revision: model.revision, fingerprint: model.fingerprint, dimensions: space.dimensions },
    ...{ precision: model.precision, activations: model.activations, shards },
    ...{ documents, ...written, duplicates, unchanged, filtered, failed, failures: read.failures },
  };
}
