/** One shard: its documents to a part, whoever else is at the same shard. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CorpusRun } from '../corpus/corpus-run.js';
import { preparationOf } from '../corpus/preparation.js';
import { FilesReader } from '../corpus/readers/files.js';
import { promptsOf, streamOptionsOf } from '../corpus/run-settings.js';
import type { Embedder } from '../embedder.js';
import { OvembedError } from '../errors.js';
import { type JobFolder, type JobPlan, type ListedShard, moveOnce } from './folder.js';
import { type PartReport, PartSink, readPartReport } from './part.js';
import type { Shard } from './shards.js';

/**
 * Does a shard, unless it is done. What two processes do at once is done twice and kept once.
 * @throws OvembedError `ERR_DOCUMENT`, with `onError: 'throw'`; `ERR_INVALID_ARGUMENT` for a file that is not as it was, and for a
 *   part without a report; all that `stream` throws; errors of the file system
 */
export async function runShard(
  embedder: Embedder,
  folder: JobFolder,
  plan: JobPlan,
  listed: ListedShard,
  signal: AbortSignal,
): Promise<PartReport> {
  const path = folder.partPath(plan.run, listed.shard);
  const done = await readPartReport(path);
  if (done) return done;
  const shard = await folder.readShard(plan, listed);
  await checkUnchanged(shard);
  const temporary = join(folder.partsPath(plan.run), `.${listed.shard}-${randomBytes(6).toString('hex')}`);
  // Fails where the job is over and its parts are gone.
  await mkdir(temporary);
  try {
    const report = await writePart(embedder, plan, shard, temporary, signal);
    if (await moveOnce(temporary, path)) return report;
    return await reportOfAnother(path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function reportOfAnother(path: string): Promise<PartReport> {
  const report = await readPartReport(path);
  if (report) return report;
  const message = `${path}: is a folder without the report of a part. Remove it, or submit the job with restart (--restart).`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

async function writePart(
  embedder: Embedder,
  { options, space }: JobPlan,
  shard: Shard,
  folder: string,
  signal: AbortSignal,
): Promise<PartReport> {
  const { field, id, dedup = true, onError = 'throw' } = options;
  const sink = new PartSink(folder);
  const run = new CorpusRun(
    {
      ...{ embedder, space, sink, dedup, onError, signal },
      reader: new FilesReader(shard.pieces, { ...(field !== undefined && { field }), ...(id !== undefined && { id }) }),
      preparation: preparationOf(embedder, options, promptsOf(options)),
      streamOptions: streamOptionsOf(options),
      // A shard is small enough to be done again.
      checkpoint: undefined,
      checkpointEveryMs: Number.POSITIVE_INFINITY,
      onProgress: undefined,
    },
    undefined,
  );
  return sink.seal(await run.run());
}

async function checkUnchanged({ pieces }: Shard): Promise<void> {
  for (const { path, bytes } of pieces) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
    if (!(found instanceof Error) && found.size === bytes) continue;
    const now = found instanceof Error ? found.message : `it has ${found.size}`;
    const message = `${path}: had ${bytes} bytes when the job was submitted, now ${now}. Submit it with restart (--restart).`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }
}
