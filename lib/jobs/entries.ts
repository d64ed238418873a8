/** The jobs that a server knows, each a hash beside its queue. */
import { OvembedError } from '../errors.js';
import type { Connection } from './connection.js';

/** What a job is at. `cancelled`: until it is submitted again. */
export type JobState = 'running' | 'done' | 'cancelled';

/** What is known of a job without its folder. */
export interface JobEntry {
  jobId: string;
  state: JobState;
  run: string;
  folder: string;
  sink: string;
  shards: number;
  bytes: number;
  /** How often a shard is tried, and milliseconds before the second try. */
  attempts: number;
  backoffMs: number;
}

/** In one go, so that nobody else writes between the look and the change. */
const SET_STATE = `if redis.call('HGET', KEYS[1], 'run') == ARGV[1] then redis.call('HSET', KEYS[1], 'state', ARGV[2]) end`;

/** The jobs of a server, each a hash. */
export class JobEntries {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async write({ jobId, ...entry }: JobEntry): Promise<void> {
    const { client, prefix } = this.#connection;
    await client.multi().hset(this.#keyOf(jobId), entry).sadd(prefix, jobId).exec();
  }

  /** Of a job that was forgotten or begun anew since, nothing is set. */
  async setState({ jobId, run }: Pick<JobEntry, 'jobId' | 'run'>, state: JobState): Promise<void> {
    await this.#connection.client.eval(SET_STATE, 1, this.#keyOf(jobId), run, state);
  }

  /** @throws OvembedError `ERR_INVALID_ARGUMENT` for a job that the server does not know */
  async read(jobId: string): Promise<JobEntry> {
    const found = await this.find(jobId);
    if (found) return found;
    const message = `There is no job ${jobId} on this server: submit it (again); what is done of it is kept in its folder.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }

  async find(jobId: string): Promise<JobEntry | undefined> {
    const found = await this.#connection.client.hgetall(this.#keyOf(jobId));
    if (!found.run) return undefined;
    const { shards, bytes, attempts, backoffMs, ...entry } = found as unknown as JobEntry;
    const numbers = { shards: Number(shards), bytes: Number(bytes), attempts: Number(attempts) };
    return { ...entry, jobId, ...numbers, backoffMs: Number(backoffMs) };
  }

  async remove(jobId: string): Promise<void> {
    const { client, prefix } = this.#connection;
    await client.multi().del(this.#keyOf(jobId)).srem(prefix, jobId).exec();
  }

  async ids(): Promise<string[]> {
    return (await this.#connection.client.smembers(this.#connection.prefix)).sort();
  }

  #keyOf(jobId: string): string {
    return `${this.#connection.prefix}:${jobId}:job`;
  }
}
