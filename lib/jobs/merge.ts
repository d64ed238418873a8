/** The parts of all shards to one sink, in the order of the corpus: rows are those that one process would have written. */
import type { Checkpoint } from '../corpus/checkpoint.js';
import { hashOf, SeenTexts } from '../corpus/seen.js';
import type { VectorRow, VectorSink } from '../corpus/sink.js';
import { MOST_FAILURES, newState, type RunState } from '../corpus/state.js';
import { OvembedError } from '../errors.js';
import type { JobFolder, JobPlan } from './folder.js';
import { type PartReport, readPart, readPartReport } from './part.js';

const ROWS_AT_ONCE = 64;
const DOCUMENTS_AT_ONCE = 256;
const SAVE_EVERY_MS = 1_000;

export interface Merge {
  folder: JobFolder;
  plan: JobPlan;
  sink: VectorSink;
  /** By which it goes on; its state counts shards as documents. */
  checkpoint: Checkpoint;
  signal: AbortSignal;
}

/**
 * A text that an earlier shard has met is left out here, as it is by a run that meets all of them.
 * @returns the counts of the whole
 */
export async function mergeParts(merge: Merge): Promise<RunState> {
  const { plan, sink, checkpoint, signal } = merge;
  const resumed = await checkpoint.load();
  const state = resumed?.state ?? newState();
  const seen = resumed?.seen ?? new SeenTexts();
  let savedAt = performance.now();
  const save = async () => {
    savedAt = performance.now();
    await checkpoint.save(state, await sink.flush(), seen);
  };
  try {
    await sink.open(plan.space, resumed?.sink ?? null);
    while (state.read.place.documents < plan.shards) {
      signal.throwIfAborted();
      await addPart(merge, state, seen);
      state.read.place.documents++;
      state.read.seen = seen.size;
      if (performance.now() - savedAt >= SAVE_EVERY_MS) await save();
    }
    await save();
    await sink.finish?.();
    // What a sink works with goes when it is closed, so nobody may go on from here.
    await checkpoint.remove();
  } finally {
    await Promise.allSettled([sink.close(), checkpoint.close()]);
  }
  return state;
}

async function addPart({ folder, plan, sink }: Merge, state: RunState, seen: SeenTexts): Promise<void> {
  const path = folder.partPath(plan.run, state.read.place.documents);
  const report = await readPartReport(path);
  if (!report) throw new OvembedError('ERR_INVALID_ARGUMENT', `${path}: there is no such part: submit the job again.`);
  const { dedup = true } = plan.options;
  const target = new Target(sink, state);
  for await (const rows of readPart(path, report, plan.space.dimensions)) {
    const fresh = rows.filter(({ text }) => !dedup || seen.add(hashOf(text)));
    state.read.counts.duplicates += rows.length - fresh.length;
    await target.add((rows[0] as VectorRow).documentId, fresh);
  }
  for (const documentId of report.without) await target.add(documentId, []);
  await target.flush();
  addReport(state, report);
}

/** Gives a sink what it does not have, some rows and some hundred documents at a time. */
class Target {
  readonly #sink: VectorSink;
  readonly #state: RunState;
  #rows: VectorRow[] = [];
  #kept = new Map<string, readonly string[]>();

  constructor(sink: VectorSink, state: RunState) {
    this.#sink = sink;
    this.#state = state;
  }

  /** The rows of a document. */
  async add(documentId: string, rows: readonly VectorRow[]): Promise<void> {
    const ids = rows.map(({ id }) => id);
    const present = rows.length > 0 ? await this.#sink.has?.(ids) : undefined;
    const { read, written } = this.#state;
    for (const row of rows) {
      if (present?.has(row.id)) {
        read.counts.unchanged++;
        continue;
      }
      this.#rows.push(row);
      written.chunks++;
      written.tokens += row.tokens;
      if (this.#rows.length >= ROWS_AT_ONCE) await this.#write();
    }
    if (!this.#sink.retain) return;
    this.#kept.set(documentId, [...(this.#kept.get(documentId) ?? []), ...ids]);
    if (this.#kept.size >= DOCUMENTS_AT_ONCE) await this.flush();
  }

  async flush(): Promise<void> {
    await this.#write();
    const kept = this.#kept;
    this.#kept = new Map();
    if (kept.size > 0) await this.#sink.retain?.(kept);
  }

  async #write(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length > 0) await this.#sink.write(rows);
  }
}

/** Rows are counted as they are written; of the others a part knows best. */
function addReport({ read, written }: RunState, report: PartReport): void {
  const { counts } = read;
  counts.documents += report.documents;
  counts.duplicates += report.duplicates;
  counts.failed += report.failed;
  for (const [reason, count] of Object.entries(report.filtered)) {
    counts.filtered[reason] = (counts.filtered[reason] ?? 0) + count;
  }
  read.failures = [...read.failures, ...report.failures].slice(0, MOST_FAILURES);
  written.truncated += report.truncated;
  written.cacheHits += report.cacheHits;
}
