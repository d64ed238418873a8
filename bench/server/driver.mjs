/**
 * Clients in a process of their own. `open`: requests come at a constant rate whatever becomes of those before, and the time of
 * each counts from when it was due, so that a server that stalls is charged for all that came meanwhile (no coordinated
 * omission). `closed`: so many clients, each of which asks again when it is answered. Connections are kept from job to job, so a
 * driver is for one server.
 */
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../statistics.mjs';
import { Connection, postOf } from './http-client.mjs';

/** More would meet the server's own limit of 4,096. */
const MOST_CONNECTIONS = 3_500;
const TICK_MS = 1;
/** Answers that come later are counted as none. */
const PATIENCE_MS = 10_000;

/** Clients elsewhere do not wait for the server's CPUs; they need 0.07 of one. */
const PRIORITY = -10;
try {
  setPriority(PRIORITY);
} catch {
  // Only root may; lateness in the report tells what that costs.
}

const idle = [];
let connections = 0;

process.on('message', async (job) => {
  try {
    const requests = job.bodies.map((body) => postOf(job.target, body));
    const stages = job.kind === 'open' ? await runOpen(job, requests) : [await runClosed(job, requests)];
    process.send({ stages });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.on('disconnect', () => process.exit());

/** Of the requests that were due in a stage. */
class Tally {
  constructor(seconds) {
    this.seconds = seconds;
    this.sent = 0;
    this.accepted = [];
    this.refused = [];
    this.failed = 0;
    this.lateness = [];
    /** Answers of 200 within the stage's own time, whichever stage asked. */
    this.done = 0;
    /** Of each second: the times of accepted requests, and how many were not accepted. */
    this.windows = Array.from({ length: Math.ceil(seconds) }, () => ({ accepted: [], others: 0 }));
    this.cpu = process.cpuUsage();
  }

  add(status, dueAt, startedAt) {
    const ms = performance.now() - dueAt;
    const window = this.windows[Math.min(Math.floor((dueAt - startedAt) / 1_000), this.windows.length - 1)];
    if (status === 200) {
      this.accepted.push(ms);
      window.accepted.push(ms);
      return;
    }
    window.others++;
    if (status === 429 || status === 503) this.refused.push(ms);
    else this.failed++;
  }

  endTime(ms) {
    const { user, system } = process.cpuUsage(this.cpu);
    this.driverCpu = (user + system) / 1_000 / ms;
    this.ms = ms;
  }

  get result() {
    const { sent, failed, driverCpu, ms, done } = this;
    const throughput = done / (ms / 1_000);
    const windows = this.windows.map(({ accepted, others }) => ({ p99: of(accepted).p99, others }));
    const lateness = of(this.lateness);
    return {
      sent,
      failed,
      throughput,
      driverCpu,
      lateness,
      windows,
      connections,
      accepted: of(this.accepted),
      refused: of(this.refused),
    };
  }
}

function of(values) {
  if (values.length === 0) return { count: 0 };
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(values, q));
  return { count: values.length, p50, p99, max };
}

/** @returns the results of the stages; the parent is told when each begins and ends */
async function runOpen({ target, stages }, requests) {
  const tallies = [];
  let pending = 0;
  let next = 0;
  let current;
  for (const { rate, seconds } of stages) {
    const tally = new Tally(seconds);
    current = tally;
    tallies.push(tally);
    const startedAt = performance.now();
    const count = Math.round(rate * seconds);
    process.send({ stage: tallies.length - 1 });
    while (tally.sent < count) {
      const now = performance.now();
      for (; tally.sent < count; tally.sent++) {
        const dueAt = startedAt + (tally.sent * 1_000) / rate;
        if (dueAt > now) break;
        const connection = idle.pop() ?? open(target);
        tally.lateness.push(now - dueAt);
        if (connection === null) {
          tally.add(0, dueAt, startedAt);
          continue;
        }
        pending++;
        connection.send(requests[next++ % requests.length], (status) => {
          pending--;
          idle.push(connection);
          if (status === 200) current.done++;
          tally.add(status, dueAt, startedAt);
        });
      }
      await delay(TICK_MS);
    }
    tally.endTime(performance.now() - startedAt);
  }
  process.send({ stage: stages.length });
  current = { done: 0 };
  const end = performance.now() + PATIENCE_MS;
  while (pending > 0 && performance.now() < end) await delay(10);
  for (const tally of tallies) tally.failed += tally.sent - tally.accepted.length - tally.refused.length - tally.failed;
  return tallies.map((tally) => tally.result);
}

function open(target) {
  if (connections >= MOST_CONNECTIONS) return null;
  connections++;
  return new Connection(target);
}

async function runClosed({ target, clients, seconds, warmUpSeconds = 0 }, requests) {
  let next = 0;
  let running = true;
  const results = { ms: [], refused: 0, failed: 0 };
  let counting = warmUpSeconds === 0;
  let cpu = process.cpuUsage();
  const client = async () => {
    const connection = idle.pop() ?? open(target);
    while (running) {
      const startedAt = performance.now();
      const status = await new Promise((resolve) => connection.send(requests[next++ % requests.length], resolve));
      if (!counting || !running) continue;
      if (status === 200) results.ms.push(performance.now() - startedAt);
      else if (status === 429 || status === 503) results.refused++;
      else results.failed++;
    }
    idle.push(connection);
  };
  const all = Array.from({ length: clients }, client);
  await delay(warmUpSeconds * 1_000);
  counting = true;
  cpu = process.cpuUsage();
  process.send({ stage: 0 });
  const startedAt = performance.now();
  await delay(seconds * 1_000);
  running = false;
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  process.send({ stage: 1 });
  await Promise.all(all);
  return {
    throughput: results.ms.length / (ms / 1_000),
    driverCpu: (user + system) / 1_000 / ms,
    accepted: of(results.ms),
    refused: { count: results.refused },
    failed: results.failed,
  };
}
