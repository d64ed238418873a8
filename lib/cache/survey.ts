/** What a survey of all that a level keeps came to. */
import { inspectRecord } from './record.js';

export interface Survey {
  /** Intact records whose keys have the prefix. */
  records: number;
  /** Intact records of other prefixes. */
  others: number;
  /** Records whose checksum or key is not right. All are misses. */
  damaged: number;
  /** Of these, how many were removed. */
  repaired: number;
  /** Bytes of all records. */
  recordBytes: number;
  /** Intact records by their form, such as `float32 × 384`. */
  kinds: Record<string, number>;
}

export function emptySurvey(): Survey {
  return { records: 0, others: 0, damaged: 0, repaired: 0, recordBytes: 0, kinds: {} };
}

/** What a record was counted as. */
export type Verdict = 'records' | 'others' | 'damaged';

/**
 * Counts a record.
 * @param belongs whether it is the one of this digest (the last 64 digits of a key) under the prefix
 * @param foreign what an intact record that does not belong counts as
 */
export function countRecord(
  survey: Survey,
  record: Uint8Array,
  belongs: (digest: string) => boolean,
  foreign: 'others' | 'damaged',
): Verdict {
  survey.recordBytes += record.length;
  const found = inspectRecord(record);
  const verdict = !found ? 'damaged' : belongs(found.digest) ? 'records' : foreign;
  survey[verdict]++;
  if (found && verdict !== 'damaged') {
    const kind = `${found.dtype} × ${found.dimensions}`;
    survey.kinds[kind] = (survey.kinds[kind] ?? 0) + 1;
  }
  return verdict;
}
