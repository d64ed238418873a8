/** `ovembed jobs submit|work|status|cancel`: documents to vectors by many processes. */

import { OvembedError } from '../../errors.js';
import {
  CorpusJobs,
  type JobManifest,
  type JobStatus,
  type ShardFailure,
  type WorkOptions,
  type WorkReport,
} from '../../jobs/index.js';
import { corpusOptions } from '../corpus-flags.js';
import { EXIT } from '../exit-codes.js';
import { counted, duration, grouped } from '../figures.js';
import type { ServerFlags, StatusFlags, SubmitFlags, WorkFlags } from '../flags.js';
import { Interruption } from '../interruption.js';
import { loadModel } from '../load.js';
import { StdoutTarget } from '../output/targets.js';
import { note, warn } from '../stderr.js';
import { checkSources } from './index.js';

const MOST_SHOWN = 10;

async function withJobs(flags: ServerFlags, use: (jobs: CorpusJobs) => Promise<number>): Promise<number> {
  const { redis, prefix } = flags;
  const jobs = await CorpusJobs.connect({
    ...(redis !== undefined && { redis }),
    ...(prefix !== undefined && { prefix }),
  });
  return use(jobs).finally(() => jobs.close());
}

export async function submit(sources: readonly string[], flags: SubmitFlags): Promise<number> {
  await checkSources(sources);
  const { jobId, folder, shardBytes, attempts, restart } = flags;
  const given = Object.entries({ jobId, folder, shardBytes, attempts, restart });
  const options = {
    ...corpusOptions(sources, flags),
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
  };
  return withJobs(flags, async (jobs) => {
    await using embedder = await loadModel(flags);
    const submitted = await jobs.submit(embedder, options);
    await print(flags, submitted, () =>
      submitted.state === 'done'
        ? `${submitted.jobId}: is done; --restart begins anew`
        : `${submitted.jobId}: ${grouped(submitted.left)} of ${counted(submitted.shards, 'shard')} to do; ovembed jobs work ${submitted.jobId}`,
    );
    return EXIT.ok;
  });
}

/** @returns the exit code: that of the input if a document or a shard failed, though all others are done */
export async function work(job: string, flags: WorkFlags): Promise<number> {
  const interruption = new Interruption(() =>
    note('Stopping: shards that are under way are finished. Again to stop at once; others do them then.', flags),
  );
  const { signal } = interruption;
  try {
    return await withJobs(flags, async (jobs) => {
      await using embedder = await loadModelOf(jobs, job, flags);
      const report = await jobs.work(job, embedder, { ...workOptions(flags), signal });
      return summarise(report, flags, interruption);
    });
  } catch (error) {
    const { exitCode } = interruption;
    const isGone = error instanceof OvembedError && error.code === 'ERR_TIMEOUT';
    if (exitCode === undefined || !isGone) throw error;
    warn(`Stopped: ${error.message} What was under way is done again.`);
    return exitCode;
  } finally {
    interruption.end();
  }
}

/** That of the job, unless it has moved; whether it is the same is checked. */
async function loadModelOf(jobs: CorpusJobs, job: string, flags: WorkFlags) {
  const { model, options } = await jobs.modelOf(job);
  const { batchTokens } = flags;
  return loadModel({ model, ...options, ...flags } as WorkFlags, batchTokens === undefined ? {} : { batchTokens });
}

function workOptions(flags: WorkFlags): WorkOptions {
  return {
    ...(flags.concurrency !== undefined && { concurrency: flags.concurrency }),
    onShardFailed: ({ name, attempt, message }: ShardFailure) => warn(`${name}, attempt ${attempt}: ${message}`),
    ...(!flags.quiet && !flags.json && { onProgress: (status) => note(progressOf(status), flags) }),
  };
}

async function summarise({ end, status, manifest }: WorkReport, flags: WorkFlags, interruption: Interruption) {
  if (flags.json) await print(flags, { end, status, manifest }, () => '');
  if (end === 'stopped') {
    note(`Stopped: ${progressOf(status)}.`, flags);
    return interruption.exitCode as number;
  }
  if (end === 'cancelled') note(`${status.jobId}: was cancelled`, flags);
  if (end === 'stuck') tellDead(status);
  if (!manifest) return end === 'stuck' ? EXIT.input : EXIT.ok;
  note(`${describeManifest(manifest)}; written to ${manifest.sink}`, flags);
  const { failed, failures } = manifest;
  if (failed === 0) return EXIT.ok;
  warn(`${counted(failed, 'document')} could not be used:`);
  for (const { message } of failures.slice(0, MOST_SHOWN)) warn(`  ${message}`);
  return EXIT.input;
}

function describeManifest({ documents, chunks, tokens, duplicates }: JobManifest): string {
  const done = [counted(documents, 'document'), counted(chunks, 'chunk'), counted(tokens, 'token')].join(', ');
  return duplicates > 0 ? `${done}, ${counted(duplicates, 'chunk')} met before` : done;
}

export async function status(job: string | undefined, flags: StatusFlags): Promise<number> {
  return withJobs(flags, async (jobs) => {
    const ids = job === undefined ? await jobs.list() : [job];
    const targetSeconds = 60 * flags.targetMinutes;
    const found: JobStatus[] = [];
    for (const id of ids) found.push(await jobs.status(id, { targetSeconds }));
    const nothing = 'There are no jobs on this server';
    await print(flags, job === undefined ? found : (found[0] as JobStatus), () =>
      found.length > 0 ? found.map(describeStatus).join('\n') : nothing,
    );
    return EXIT.ok;
  });
}

function describeStatus(status: JobStatus): string {
  const { jobId, state, sink, shards, dead } = status;
  const lines = [`${jobId}: ${state}, to ${sink}`, `  ${progressOf(status)}`];
  const { workers, tokensPerSecondPerWorker: rate, backlogTokens, suggestedWorkers } = status;
  if (state === 'running' && rate !== undefined) {
    const speed = `${counted(workers, 'worker')}, ${grouped(rate)} tokens/s each`;
    lines.push(
      `  ${speed}; ${grouped(backlogTokens ?? 0)} tokens left; suggested: ${counted(suggestedWorkers ?? 1, 'worker')}`,
    );
  }
  if (shards.dead > 0)
    lines.push(`  ${counted(shards.dead, 'shard')} put aside; submitting the job again tries them again:`);
  for (const { name, reason, attempts } of dead.slice(0, MOST_SHOWN)) {
    lines.push(`    ${name}, ${counted(attempts, 'attempt')}: ${reason}`);
  }
  if (dead.length > MOST_SHOWN) lines.push(`    and ${grouped(shards.dead - MOST_SHOWN)} more (--json lists them)`);
  return lines.join('\n');
}

function progressOf({ shards, documents, chunks, secondsLeft }: JobStatus): string {
  const { total, done, active } = shards;
  const parts = [
    `${grouped(done)} of ${counted(total, 'shard')}`,
    ...(active > 0 ? [`${grouped(active)} under way`] : []),
    ...[counted(documents, 'document'), counted(chunks, 'chunk')],
    ...(secondsLeft !== undefined && secondsLeft > 0 ? [`ETA ${duration(secondsLeft)}`] : []),
  ];
  return parts.join(', ');
}

function tellDead({ jobId, shards, dead }: JobStatus): void {
  warn(`${jobId}: ${counted(shards.dead, 'shard')} put aside, all others are done:`);
  for (const { name, reason } of dead.slice(0, MOST_SHOWN)) warn(`  ${name}: ${reason}`);
  warn('  nothing is written until they are done: submit the job again to try them again');
}

export async function cancel(job: string, flags: ServerFlags): Promise<number> {
  return withJobs(flags, async (jobs) => {
    const cancelled = await jobs.cancel(job);
    await print(
      flags,
      { jobId: job, cancelled },
      () => `${job}: ${cancelled ? 'cancelled' : 'was done already; the server has forgotten it'}`,
    );
    return EXIT.ok;
  });
}

async function print({ json, quiet }: ServerFlags, result: object, describe: () => string): Promise<void> {
  if (!json && quiet) return;
  const text = json ? JSON.stringify(result, null, 2) : describe();
  await new StdoutTarget().append(Buffer.from(`${text}\n`));
}
