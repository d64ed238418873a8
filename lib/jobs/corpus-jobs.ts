/** Corpora that many processes embed together: `ovembed/jobs`. */
import { pathOf } from '../corpus/sinks/open.js';
import { withoutPassword } from '../corpus/sinks/store.js';
import { askedFor } from '../devices/computation.js';
import type { Embedder } from '../embedder.js';
import { OvembedError } from '../errors.js';
import type { LoadOptions } from '../options.js';
import { type Connection, connect, whileThere } from './connection.js';
import { JobEntries, type JobEntry } from './entries.js';
import type { JobManifest } from './finish.js';
import { JobFolder, type JobPlan } from './folder.js';
import {
  type ConnectOptions,
  checkConnectOptions,
  checkSubmitOptions,
  checkWorkOptions,
  type SubmitOptions,
  type WorkOptions,
} from './options.js';
import { folderOf, planIn, planOf } from './plan.js';
import { JobQueue } from './queue.js';
import { type JobStatus, statusOf } from './status.js';
import { type WorkEnd, work } from './work.js';

const ATTEMPTS = 3;
const BACKOFF_MS = 1_000;
const TARGET_SECONDS = 600;

/** What `CorpusJobs.submit` did. */
export interface SubmittedJob {
  jobId: string;
  /** All of the job. */
  shards: number;
  /** That are not done yet; 0 with `state: 'running'`: the parts are put together. */
  left: number;
  /** `done`: there is nothing to do; `restart` begins anew. */
  state: 'running' | 'done';
}

/** What `Embedder.load` takes to get the model of a job. */
export interface WorkModel {
  /** A name on the hub, or a folder. */
  model: string;
  /** Those that a job keeps; others that change vectors are the program's. */
  options: Pick<LoadOptions, 'precision' | 'activations' | 'revision'>;
}

/** How `CorpusJobs.work` ended. */
export interface WorkReport {
  /** Why. */
  end: WorkEnd;
  /** Of the whole job. */
  status: JobStatus;
  /** Of a job that is done. */
  manifest: JobManifest | undefined;
}

/** Jobs on one server. To be closed, as it holds a connection. */
export class CorpusJobs {
  readonly #connection: Connection;
  readonly #entries: JobEntries;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#entries = new JobEntries(connection);
  }

  /**
   * Needs the packages bullmq and ioredis.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` without them, for a server that does not answer, and for one whose
   *   `maxmemory-policy` is not `noeviction`
   */
  static async connect(options: ConnectOptions = {}): Promise<CorpusJobs> {
    checkConnectOptions(options);
    return new CorpusJobs(await connect(options));
  }

  /**
   * Cuts a corpus into shards and queues them. Of a job that is there already, it queues what is missing: shards that were put
   * aside, lost with the server, or left behind by a cancelled job.
   * @param embedder of the model that workers will load; it embeds nothing here
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for options that do not fit, for a job of the same name with other settings, and for
   *   a sink that cannot be written to; errors of the sink and of the file system
   */
  async submit(embedder: Embedder, options: SubmitOptions): Promise<SubmittedJob> {
    checkSubmitOptions(options);
    const { attempts = ATTEMPTS, backoffMs = BACKOFF_MS, restart } = options;
    const folder = new JobFolder(options.folder ?? folderOf(options.sink));
    if (restart) await this.#forget(folder, options.jobId);
    const plan = await planOf(embedder, folder, options);
    const { jobId, run, shards, bytes } = plan;
    checkName(await this.#entries.find(jobId), folder, run);
    const sink = pathOf(options.sink) ?? withoutPassword(options.sink);
    const done = await folder.manifest(plan);
    const state = done ? 'done' : 'running';
    const entry: JobEntry = { jobId, run, shards, bytes, sink, folder: folder.path, attempts, backoffMs, state };
    await this.#entries.write(entry);
    if (done) return { jobId, shards, left: 0, state: 'done' };
    const queue = new JobQueue(this.#connection, entry);
    try {
      await queue.resume();
      await queue.forgetDead();
      return { jobId, shards, left: await queue.enqueue(folder, plan), state: 'running' };
    } finally {
      await queue.close();
    }
  }

  /** The model of a job and the options with which its workers have to load it, for `Embedder.load`. */
  async modelOf(jobId: string): Promise<WorkModel> {
    const entry = await this.#entries.read(jobId);
    const { model, revision, precision, activations } = (await planIn(new JobFolder(entry.folder), entry)).model;
    const options = {
      precision,
      ...(precision === 'int8' && { activations: askedFor(activations) }), // else they are no choice
      ...(revision !== null && { revision }),
    };
    return { model, options };
  }

  /**
   * Takes shards of a job until it is over. Any number of processes may do so.
   * @param embedder of the same model, precision and activations as the job's; it stays the caller's
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for a job that is not known, another model, and a machine that does not see the
   *   job's folder; `ERR_TIMEOUT` where it was stopped while the server was gone, so that nobody knows the job's status
   */
  async work(jobId: string, embedder: Embedder, options: WorkOptions = {}): Promise<WorkReport> {
    checkWorkOptions(options);
    const entry = await this.#entries.read(jobId);
    const folder = new JobFolder(entry.folder);
    const plan = await planIn(folder, entry);
    checkModel(embedder, plan);
    const queue = new JobQueue(this.#connection, entry);
    const { onProgress } = options;
    const tell =
      onProgress &&
      (async () => {
        const now = await this.#entries.find(jobId);
        if (now) onProgress(await this.#statusOf(now));
      });
    try {
      const parts = { connection: this.#connection, entries: this.#entries, queue, folder, plan, embedder, tell };
      const end = await work(parts, options);
      const manifest = await folder.manifest<JobManifest>(plan);
      const lastStatus = async () => {
        // Of a job that was forgotten meanwhile, all that is known is what it was.
        const last = (await this.#entries.find(jobId)) ?? { ...entry, state: manifest ? 'done' : 'cancelled' };
        return this.#statusOf(last);
      };
      // Who wants to stop does not wait for a server that is gone.
      const status = await (end === 'stopped' ? whileThere(this.#connection, lastStatus()) : lastStatus());
      return { end, status, manifest };
    } finally {
      await queue.close();
    }
  }

  /**
   * How far a job is, by its server alone: the folder need not be there.
   * @param options `targetSeconds`: within which the backlog should be done, for `suggestedWorkers`. Default 600.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for a job that is not known
   */
  async status(jobId: string, { targetSeconds = TARGET_SECONDS }: { targetSeconds?: number } = {}): Promise<JobStatus> {
    return this.#statusOf(await this.#entries.read(jobId), targetSeconds);
  }

  async #statusOf(entry: JobEntry, targetSeconds = TARGET_SECONDS): Promise<JobStatus> {
    const queue = new JobQueue(this.#connection, entry);
    try {
      const [counts, done, dead, workers] = await Promise.all([
        queue.counts(),
        queue.done(),
        queue.dead(),
        queue.workers(),
      ]);
      return statusOf({ entry, counts, done, dead, workers, targetSeconds });
    } finally {
      await queue.close();
    }
  }

  /** The names of all jobs that this server knows. */
  list(): Promise<string[]> {
    return this.#entries.ids();
  }

  /**
   * Empties the queue; workers let go of what they are at. What is done stays, so submitting the job again goes on with it. Of a job
   * that is done, the server forgets what it knows.
   * @returns false: the job was done already
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for a job that is not known
   */
  async cancel(jobId: string): Promise<boolean> {
    const entry = await this.#entries.read(jobId);
    if (entry.state === 'done') {
      await this.#forgetEntry(entry);
      return false;
    }
    await this.#entries.setState(entry, 'cancelled');
    const queue = new JobQueue(this.#connection, entry);
    await queue.empty().finally(() => queue.close());
    return true;
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    this.#connection.close();
  }

  /** The job of a folder, as if it had never been. Its output stays until another takes its place. */
  async #forget(folder: JobFolder, jobId: string | undefined): Promise<void> {
    const named = jobId === undefined ? undefined : await this.#entries.find(jobId);
    const plan = await folder.plan();
    checkName(named, folder, plan?.run);
    const entry = plan && (await this.#entries.find(plan.jobId));
    if (entry && !isAnother(entry, folder, plan.run)) await this.#forgetEntry(entry);
    await folder.remove();
  }

  async #forgetEntry(entry: JobEntry): Promise<void> {
    await this.#entries.remove(entry.jobId);
    const queue = new JobQueue(this.#connection, entry);
    await queue.remove().finally(() => queue.close());
  }
}

/** Two jobs of one name would do each other's shards. */
function checkName(known: JobEntry | undefined, folder: JobFolder, run: string | undefined): void {
  if (!known || !isAnother(known, folder, run)) return;
  const theirs = known.folder === folder.path ? `another folder ${folder.path}` : `the folder ${known.folder}`;
  const message = `There is a job ${known.jobId} already, with ${theirs}: name another one (--job-id), or cancel that one first.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

/** The same relative path may be that of another folder, seen from elsewhere. */
const isAnother = (entry: JobEntry, { path }: JobFolder, run: string | undefined) =>
  entry.folder !== path || (entry.state === 'running' && entry.run !== run);

function checkModel({ info }: Embedder, { model, space, options }: JobPlan): void {
  // An embedder may be loaded with fewer of them; a job that says how many cuts vectors itself.
  const dimensions = options.dimensions === undefined ? space.dimensions : info.dimensions;
  const wanted = { ...model, dimensions };
  const names = ['fingerprint', 'precision', 'activations', 'dimensions'] as const;
  const other = names.filter((name) => info[name] !== wanted[name]);
  if (other.length === 0) return;
  const found = other.map((name) => `${name} ${info[name]}, not ${wanted[name]}`).join('; ');
  throw new OvembedError('ERR_INVALID_ARGUMENT', `The job is of another model than ${info.model}: ${found}.`);
}
