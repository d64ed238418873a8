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

/**
 * Counts a record.
 * @param belongs whether it is the one of this digest (the last 64 digits of a key) under the prefix
 * @returns whether it is intact
 */
export function countRecord(survey: Survey, record: Uint8Array, belongs: (digest: string) => boolean): boolean {
  survey.recordBytes += record.length;
  const found = inspectRecord(record);
  if (!found) {
    survey.damaged++;
    return false;
  }
  const kind = `${found.dtype} × ${found.dimensions}`;
  survey.kinds[kind] = (survey.kinds[kind] ?? 0) + 1;
  if (belongs(found.digest)) survey.records++;
  else survey.others++;
  return true;
}
