/** `ovembed jobs`: its options and help. */
import type { Command } from 'commander';
import { addCorpusFlags } from '../corpus-flags.js';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import type { ServerFlags, StatusFlags, SubmitFlags, WorkFlags } from '../flags.js';
import { addCommonOptions, addMessageOptions, positiveInteger, type Run } from './common.js';

const HELP = `
Examples:
  ovembed jobs submit docs/ --sink index --job-id docs
  ovembed jobs work docs          on as many machines as there are; each must see docs/ and index.job/
  ovembed jobs status docs
  ovembed jobs cancel docs        submitting it again goes on where it was

The server is Redis or Valkey with maxmemory-policy noeviction; it is not the cache's. Needs the packages bullmq and ioredis.

${EXIT_CODE_HELP}
`;

export function addJobs(program: Command, run: Run): void {
  const jobs = program
    .command('jobs')
    .summary('documents to vectors by many processes')
    .description('Documents to vectors as `index` does it, by any number of processes that share a queue.')
    .addHelpText('after', HELP);
  addSubmit(jobs, run);
  addWork(jobs, run);
  addStatus(jobs, run);
  addCancel(jobs, run);
}

const load = () => import('../commands/jobs.js');

function addSubmit(jobs: Command, run: Run): void {
  const submit = jobs
    .command('submit')
    .description('Queues the shards of a corpus; of a job that is there, what is missing, failed or was cancelled.')
    .argument('<SOURCE...>', 'files, folders, patterns');
  addCorpusFlags(submit);
  submit.optionsGroup('Job:');
  submit.option('--job-id <name>', 'names the job (default: a hash of its settings)');
  submit.option('--folder <folder>', 'where shards are kept until all are there (default: SINK.job)');
  submit.option('--shard-bytes <n>', 'of the source that are done in one go (default: 262144)', positiveInteger);
  submit.option('--attempts <n>', 'how often a shard is tried before it is put aside (default: 3)', positiveInteger);
  submit.option('--restart', 'begin anew where there is such a job');
  addServerOptions(submit);
  addCommonOptions(submit).action((sources: string[], flags: SubmitFlags) =>
    run(async () => (await load()).submit(sources, flags), flags),
  );
}

function addWork(jobs: Command, run: Run): void {
  const work = jobs
    .command('work')
    .description(
      'Takes shards of a job until it is over. The model and its precision are those that it was submitted with.',
    )
    .argument('<JOB>', 'its name');
  work.option('--concurrency <n>', 'shards that are under way at once (default: 2)', positiveInteger);
  work.option('--batch-tokens <n>', 'most tokens of a batch (default: 1024)', positiveInteger);
  addServerOptions(work);
  addCommonOptions(work).action((job: string, flags: WorkFlags) =>
    run(async () => (await load()).work(job, flags), flags),
  );
}

function addStatus(jobs: Command, run: Run): void {
  const status = jobs
    .command('status')
    .description('How far a job is, what failed, and how many workers it could use; without JOB, of all jobs.')
    .argument('[JOB]', 'its name');
  const minutes = 'within which the backlog should be done, for the number of workers';
  status.option('--target-minutes <n>', minutes, positiveInteger, 10);
  addServerOptions(status);
  addMessageOptions(status).action((job: string | undefined, flags: StatusFlags) =>
    run(async () => (await load()).status(job, flags), flags),
  );
}

function addCancel(jobs: Command, run: Run): void {
  const cancel = jobs
    .command('cancel')
    .description('Empties the queue of a job. What is done stays, and submitting it again goes on with it.')
    .argument('<JOB>', 'its name');
  addServerOptions(cancel);
  addMessageOptions(cancel).action((job: string, flags: ServerFlags) =>
    run(async () => (await load()).cancel(job, flags), flags),
  );
}

function addServerOptions(command: Command): void {
  command.optionsGroup('Queue:');
  command.option('--redis <url>', 'where it is (default: $OVEMBED_JOBS_REDIS, else redis://127.0.0.1:6379)');
  command.option('--prefix <prefix>', 'what keys begin with (default: ovembed-jobs)');
}
