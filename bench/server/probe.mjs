/**
 * Loaded into the server's process (`--import`): how long its event loop is kept waiting, its memory and its share of the CPUs.
 * Each `cut` by the parent answers with what was seen since the last.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 1;
const SAMPLE_MS = 250;

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();
let rssPeak = 0;
let cpu = process.cpuUsage();
let thread = threadMs();
let machine = machineMs();
let since = performance.now();
setInterval(() => (rssPeak = Math.max(rssPeak, process.memoryUsage.rss())), SAMPLE_MS).unref();

process.on('message', (message) => {
  if (message !== 'cut') return;
  const now = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  const rss = process.memoryUsage.rss();
  process.send({
    // The histogram holds intervals between ticks; those of an idle loop have the resolution.
    loop: { p99: histogram.percentile(99) / 1e6 - RESOLUTION_MS, max: histogram.max / 1e6 - RESOLUTION_MS },
    rss,
    rssPeak: Math.max(rssPeak, rss),
    cpus: (user + system) / 1_000 / (now - since),
    /** Of which the JavaScript thread's; NaN where the system does not tell. */
    threadCpus: (threadMs() - thread) / (now - since),
    /** Of the whole machine, and what its host gave to others: whether it was quiet. */
    machineCpus: machineMs().map((ms, i) => (ms - machine[i]) / (now - since)),
  });
  histogram.reset();
  rssPeak = 0;
  cpu = process.cpuUsage();
  thread = threadMs();
  machine = machineMs();
  since = now;
});
process.channel?.unref();

/** Milliseconds of CPU that all processes have had, and that were stolen. */
function machineMs() {
  try {
    const [user, nice, system, , , irq, softIrq, steal] = readFileSync('/proc/stat', 'utf8')
      .split('\n')[0]
      .split(/ +/)
      .slice(1)
      .map((ticks) => Number(ticks) * 10);
    return [user + nice + system + irq + softIrq, steal];
  } catch {
    return [Number.NaN, Number.NaN];
  }
}

/** Milliseconds of CPU that this thread has had. Linux counts them in hundredths of a second. */
function threadMs() {
  try {
    const fields = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}
