/**
 * The texts of one priority that wait for a device. Calls take turns, batch by batch, so that a short list does not wait
 * for the whole of a long one; a batch is made of one bucket of the call whose turn it is and filled up with texts of
 * that bucket from any call.
 */
import { fullBatch, groupByBucket, nextBatchSize, type PlanOptions } from './planner.js';

/** What waits: texts of one encoding that succeed or fail together. */
export interface Waiting {
  /** Whose turn it is when these texts go; of one call, texts of a bucket go in the order in which they were added. */
  readonly call: object;
  /** Tokens per text. */
  readonly lengths: Uint32Array;
  /** Only texts of equal keys may share a batch. */
  readonly key: string;
}

/** Texts of one encoding in a batch. */
export interface Part<T extends Waiting> {
  work: T;
  rows: Uint32Array;
  /** When they were added, in ms. */
  since: number;
}

/** Texts that go to the device together. */
export interface Batch<T extends Waiting> {
  /** Tokens to which each text is padded. */
  bucket: number;
  rows: number;
  parts: Part<T>[];
}

/** A batch that could be taken now. */
export interface Candidate<T extends Waiting> {
  segment: Segment<T>;
  bucket: number;
  rows: number;
  /** Nothing would be left in the lane. */
  takesAll: boolean;
  /** It is all texts of a work. */
  whole: boolean;
}

/** Texts of one work and one bucket. */
interface Segment<T extends Waiting> {
  work: T;
  group: Group<T>;
  rows: Uint32Array;
  /** How many of the rows have been taken. */
  taken: number;
  since: number;
}

/** Texts that may share a batch, oldest first. */
interface Group<T extends Waiting> {
  name: string;
  bucket: number;
  segments: Set<Segment<T>>;
  rows: number;
}

export class Lane<T extends Waiting> {
  readonly #plan: PlanOptions;
  /** Segments by call, the call whose turn it is first. */
  readonly #calls = new Map<object, Set<Segment<T>>>();
  readonly #groups = new Map<string, Group<T>>();
  readonly #segments = new Map<T, Segment<T>[]>();
  #rows = 0;

  constructor(plan: PlanOptions) {
    this.#plan = plan;
  }

  /** Texts that wait. */
  get rows(): number {
    return this.#rows;
  }

  /** When the oldest text that waits was added; Infinity if none does. */
  get since(): number {
    let since = Infinity;
    for (const [oldest] of this.#calls.values()) since = Math.min(since, (oldest as Segment<T>).since);
    return since;
  }

  /** Whether any text of the work waits. */
  has(work: T): boolean {
    return this.#segments.has(work);
  }

  /** Adds all texts of a work. */
  add(work: T, now: number): void {
    const segments = groupByBucket(work.lengths, this.#plan).map(({ bucket, rows }) => {
      const group = this.#groupFor(`${work.key} ${bucket}`, bucket);
      return { work, group, rows, taken: 0, since: now };
    });
    if (segments.length === 0) return;
    const call = this.#calls.get(work.call) ?? new Set();
    this.#calls.set(work.call, call);
    for (const segment of segments) {
      call.add(segment);
      segment.group.segments.add(segment);
      segment.group.rows += segment.rows.length;
      this.#rows += segment.rows.length;
    }
    this.#segments.set(work, segments);
  }

  /** Takes out what is left of a work. */
  remove(work: T): void {
    for (const segment of this.#segments.get(work) ?? []) {
      const left = segment.rows.length - segment.taken;
      if (left > 0) this.#take(segment, left);
    }
  }

  /**
   * The next batch in turn: of the call's buckets a full one, else the longest. What is left over so meets the texts of
   * the call's next window instead of going in batches of odd sizes, each a shape that the runtime keeps memory for.
   * @param youngest batches that are not full are passed over while their oldest text came after this time
   */
  next(youngest: number): Candidate<T> | undefined {
    for (const segments of this.#calls.values()) {
      const segment = find(segments, isFull(this.#plan)) ?? find(segments, isOlderThan(youngest));
      if (!segment) continue;
      const { bucket, rows: waiting } = segment.group;
      const rows = nextBatchSize(waiting, bucket, this.#plan);
      return { segment, bucket, rows, takesAll: rows === this.#rows, whole: segment.work.lengths.length === rows };
    }
    return undefined;
  }

  /** Takes the texts of a candidate; the call whose turn it was goes to the end. */
  take({ segment, bucket, rows }: Candidate<T>): Batch<T> {
    const { call } = segment.work;
    const parts = [this.#take(segment, rows)];
    let left = rows - (parts[0] as Part<T>).rows.length;
    for (const source of segment.group.segments) {
      if (left === 0) break;
      const part = this.#take(source, left);
      parts.push(part);
      left -= part.rows.length;
    }
    const rest = this.#calls.get(call);
    if (rest && this.#calls.delete(call)) this.#calls.set(call, rest);
    return { bucket, rows, parts };
  }

  #groupFor(name: string, bucket: number): Group<T> {
    const group = this.#groups.get(name) ?? { name, bucket, segments: new Set(), rows: 0 };
    this.#groups.set(name, group);
    return group;
  }

  /** Up to `count` rows of a segment; a segment that is empty leaves. */
  #take(segment: Segment<T>, count: number): Part<T> {
    const { work, group, taken, since } = segment;
    const rows = segment.rows.subarray(taken, taken + count);
    segment.taken += rows.length;
    group.rows -= rows.length;
    this.#rows -= rows.length;
    if (segment.taken === segment.rows.length) this.#leave(segment);
    return { work, rows, since };
  }

  #leave(segment: Segment<T>): void {
    const { work, group } = segment;
    group.segments.delete(segment);
    if (group.segments.size === 0) this.#groups.delete(group.name);
    const call = this.#calls.get(work.call);
    call?.delete(segment);
    if (call?.size === 0) this.#calls.delete(work.call);
    const left = this.#segments.get(work)?.some(({ rows, taken }) => taken < rows.length);
    if (!left) this.#segments.delete(work);
  }
}

function find<T extends Waiting>(segments: Iterable<Segment<T>>, fits: (group: Group<T>) => boolean) {
  for (const segment of segments) if (fits(segment.group)) return segment;
  return undefined;
}

function isFull(plan: PlanOptions) {
  return ({ rows, bucket }: { rows: number; bucket: number }) => rows >= fullBatch(bucket, plan);
}

function isOlderThan(youngest: number) {
  return ({ segments: [oldest] }: { segments: Iterable<{ since: number }> }) => (oldest?.since ?? 0) <= youngest;
}
