/** Corpora that many processes embed together: `ovembed/jobs`. */
export { CorpusJobs, type SubmittedJob, type WorkModel, type WorkReport } from './corpus-jobs.js';
export type { JobState } from './entries.js';
export type { JobManifest } from './finish.js';
export type { ConnectOptions, OutputOptions, ShardFailure, SubmitOptions, WorkOptions } from './options.js';
export type { DeadShard } from './queue.js';
export type { JobStatus } from './status.js';
export type { WorkEnd } from './work.js';
