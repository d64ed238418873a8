/** All that a cache keeps in Redis or Valkey, looked through some keys at a time, so that the server answers others meanwhile. */
import { OvembedError } from '../errors.js';
import { withDeadline } from './deadline.js';
import { keyPrefix } from './key.js';
import { connectRedis, type RedisClient } from './redis-client.js';
import { escapePattern, probeKey, RedisLevel } from './redis-level.js';
import { countRecord, emptySurvey, type Survey } from './survey.js';

const KEYS_PER_SCAN = 200;
const DEADLINE_MS = 5_000;

/**
 * @param repair whether what is damaged is removed
 * @throws OvembedError `ERR_CACHE` if the server does not answer, or no client package is installed
 */
export async function surveyRedis(url: string, prefix: string, repair = false): Promise<Survey> {
  const survey = emptySurvey();
  await withClient(url, async (client) => {
    for await (const found of scan(client, keyPrefix(prefix))) {
      const keys = found.filter((key) => key !== probeKey(prefix));
      if (keys.length === 0) continue;
      const records = await withDeadline(client.mgetBuffer(...keys), DEADLINE_MS);
      const damaged = keys.filter((key, i) => {
        const record = records[i];
        if (!record) return false;
        // Under a key of ours no other record belongs.
        const verdict = countRecord(survey, record, (digest) => key === keyPrefix(prefix) + digest, 'damaged');
        return verdict === 'damaged';
      });
      if (!repair || damaged.length === 0) continue;
      await withDeadline(client.pipeline([['unlink', ...damaged]]).exec(), DEADLINE_MS);
      survey.repaired += damaged.length;
    }
  });
  return survey;
}

/** Forgets all of the prefix. @throws OvembedError `ERR_CACHE` as `surveyRedis` does */
export function clearRedis(url: string, prefix: string): Promise<void> {
  return withClient(url, async (client) => (await RedisLevel.open({ client, prefix })).clear());
}

async function* scan(client: RedisClient, prefix: string): AsyncGenerator<string[], void, undefined> {
  let cursor = '0';
  do {
    const pattern = `${escapePattern(prefix)}*`;
    const [next, keys] = await withDeadline(client.scan(cursor, 'MATCH', pattern, 'COUNT', KEYS_PER_SCAN), DEADLINE_MS);
    if (keys.length > 0) yield keys;
    cursor = next;
  } while (cursor !== '0');
}

async function withClient(url: string, work: (client: RedisClient) => Promise<void>): Promise<void> {
  const client = await connectRedis(url);
  // What is the matter with the connection; commands only tell that there is none.
  let reason: Error | undefined;
  client.on('error', (error) => {
    reason = error;
  });
  try {
    await work(client);
  } catch (error) {
    const cause = reason ?? (error as Error);
    throw new OvembedError('ERR_CACHE', `Redis does not answer as it should: ${cause.message}.`, { cause });
  } finally {
    client.disconnect();
  }
}
