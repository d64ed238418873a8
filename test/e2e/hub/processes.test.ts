/** Several processes and one cache, ended at any moment: whole files only, each fetched once. */
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Answer, ID } from '../../fake-hub/server.js';
import { outcome } from '../cli/support.js';
import { defects, HubPlace, WEIGHTS } from './support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const KILLS = FULL ? 500 : 25;
const PROCESSES = FULL ? 8 : 4;
/** Kills between two runs that are left to end. */
const KILLS_IN_A_ROW = 5;

/** A linear congruential generator, so that a failure can be repeated. */
let state = 20_261_204;
function random(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

const PIECES = 20;

/** Sends the body in pieces, a few milliseconds apart, and calls back before each. */
async function sendSlowly({ response, status, headers, body }: Answer, onPiece: () => void): Promise<void> {
  response.writeHead(status, { 'content-length': body.length, ...headers });
  const size = Math.max(1, Math.ceil(body.length / PIECES));
  for (let at = 0; at < body.length && !response.destroyed; at += size) {
    onPiece();
    response.write(body.subarray(at, at + size));
    await sleep(2);
  }
  response.end();
}

const weights = Buffer.from(Array.from({ length: 400_000 }, (_, i) => i * 7));

test(`${PROCESSES} processes at once fetch every file once`, async () => {
  const place = await HubPlace.start({ [WEIGHTS]: weights });
  place.fault = (answer) => {
    const isMeant = answer.on === 'storage' && answer.status === 200;
    if (isMeant) void sendSlowly(answer, () => {});
    return isMeant;
  };
  const ends = await Promise.all(Array.from({ length: PROCESSES }, () => place.pull()));
  for (const { code, stderr } of ends) expect(code, stderr).toBe(0);
  for (const file of Object.keys(place.files)) expect(place.downloads(file).length, file).toBeLessThanOrEqual(1);
  expect(place.downloads(WEIGHTS)).toHaveLength(1);
  expect(defects(place.cache)).toEqual([]);
});

test('a process that waits takes over from one that is killed, and goes on where it was', async () => {
  const place = await HubPlace.start({ [WEIGHTS]: weights });
  const partial = join(place.repo, 'blobs', `${place.etag(WEIGHTS)}.incomplete`);
  place.fault = (answer) => {
    if (answer.on !== 'storage' || place.downloads(WEIGHTS).length > 1) return false;
    answer.response.writeHead(200, { 'content-length': weights.length });
    answer.response.write(weights.subarray(0, 200_000)); // and no more
    return true;
  };
  const first = place.spawn('pull', ID);
  await expect.poll(() => existsSync(partial), { timeout: 30_000 }).toBe(true);
  const second = place.spawn('pull', ID);
  const ended = outcome(second);
  let said = '';
  second.stderr.on('data', (data) => (said += data));
  await expect
    .poll(() => said, { timeout: 30_000 })
    .toContain(`Waiting for another process, which is downloading ${WEIGHTS}`);
  expect(place.downloads(WEIGHTS)).toHaveLength(1);
  first.kill('SIGKILL');
  const { code, stderr } = await ended;
  expect(code, stderr).toBe(0);
  expect(place.downloads(WEIGHTS)[1]?.range).toMatch(/^bytes=\d+-$/);
  expect(defects(place.cache)).toEqual([]);
});

test(
  `SIGKILL at any of ${KILLS} moments, and then a run that is left alone`,
  async () => {
    const place = await HubPlace.start({ [WEIGHTS]: weights });
    let events = 0;
    let killAt = Number.POSITIVE_INFINITY;
    let kill = () => {};
    const event = () => {
      if (events++ === killAt) setTimeout(kill, random(8));
    };
    place.fault = (answer) => {
      event();
      if (answer.on !== 'storage') return false;
      void sendSlowly(answer, event);
      return true;
    };
    // How many moments a whole download has.
    expect((await place.pull()).code).toBe(0);
    const moments = events;
    expect(moments).toBeGreaterThan(30);

    for (let round = 0; round < KILLS; round += KILLS_IN_A_ROW) {
      rmSync(place.cache, { recursive: true, force: true });
      for (let i = 0; i < KILLS_IN_A_ROW; i++) {
        const child = place.spawn('pull', ID);
        events = 0;
        // Later ones have less left to do.
        killAt = random(Math.ceil(moments / (i === 0 ? 1 : 2)));
        kill = () => child.kill('SIGKILL');
        await once(child, 'close');
        expect(defects(place.cache), `kill ${round + i}, at ${killAt} of ${moments}`).toEqual([]);
      }
      killAt = Number.POSITIVE_INFINITY;
      const { code, stderr } = await place.pull();
      expect(code, `after kill ${round + KILLS_IN_A_ROW}: ${stderr}`).toBe(0);
      expect(defects(place.cache)).toEqual([]);
      expect(readdirSync(join(place.repo, 'blobs')).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
    }
  },
  FULL ? 3_600_000 : 600_000,
);
