/** The library in a process of its own, as `Library` of processes.mjs asks it: one query after another, for so many seconds. */
import { load } from '../contestants/ovembed.mjs';
import { QUERY } from '../corpus.mjs';
import { percentiles } from '../statistics.mjs';
import { timeOnce } from '../timing.mjs';

const engine = load({ model: process.argv[2], peers: null, python: null }, {});

process.on('message', async ({ seconds }) => {
  const { embedQuery } = await engine;
  const end = performance.now() + seconds * 1_000;
  const ms = [];
  do ms.push(await timeOnce(() => embedQuery(QUERY)));
  while (performance.now() < end);
  process.send(percentiles(ms));
});
process.on('disconnect', () => process.exit());
