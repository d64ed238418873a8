/** The status page: looks once a second, while somebody sees it. */
import type { StatusReport } from '../routes/status.js';
import { ask, keepKey, Refused } from './api.js';
import { Chart } from './chart.js';
import { byId, el, fill, say, table } from './dom.js';
import { type Counts, History, percentile, sum, total } from './history.js';
import { modelCard } from './models.js';
import { bytes, duration, ms, number, percent } from './numbers.js';
import { watchForms } from './try.js';

const LOOK_MS = 1_000;
const LOOK_AGAIN_MS = 3_000;

const history = new History();
const throughput = new Chart(byId('throughput'), 'Tokens per second, last two minutes:', number);
const latency = new Chart(byId('latency'), '95th percentile of latency, last two minutes:', ms);
let pid = 0;
let shown = '';

async function look(): Promise<number> {
  if (document.hidden) return LOOK_MS;
  try {
    const { answer } = await ask<StatusReport>('ovembed/v1/status');
    show(answer);
    return LOOK_MS;
  } catch (error) {
    return fail(error as Error);
  }
}

function fail(error: Error): number {
  document.body.classList.add('stale');
  const refused = error instanceof Refused ? error : null;
  if (refused?.status === 401) {
    state('key needed', 'idle');
    lock(true);
  } else state(refused ? refused.message : 'no answer', 'failing');
  return Math.max(LOOK_AGAIN_MS, refused?.retryAfterMs ?? 0);
}

/** Without a key there is nothing to see and nothing to try. */
function lock(isLocked: boolean): void {
  byId('key-form').hidden = !isLocked;
  byId('open').hidden = isLocked;
}

function state(text: string, kind: string): void {
  const pill = byId('state');
  pill.className = `state ${kind}`;
  say(pill, text);
}

function show(report: StatusReport): void {
  document.body.classList.remove('stale');
  lock(false);
  const worst = (['failing', 'degraded'] as const).find((kind) => report.models.some(({ status }) => status === kind));
  const phase = report.phase === 'ready' ? (worst ?? 'ok') : report.phase;
  state(phase === 'ok' ? 'ready' : phase, phase === 'ok' ? 'ok' : phase === 'failing' ? 'failing' : 'degraded');
  if (report.process.pid !== pid) history.clear();
  pid = report.process.pid;
  remember(report);
  showNow(report);
  showProcess(report);
  showChanged(report);
  chooseModel(report);
}

function remember({ models }: StatusReport): void {
  const metrics = models.flatMap(({ metrics }) => (metrics ? [metrics] : []));
  const levels = models.flatMap(({ cache }) => cache);
  history.add({
    at: performance.now(),
    calls: sum(metrics.map(({ callMs }) => callMs)),
    hits: levels.reduce((all, { hits }) => all + hits, 0),
    misses: lastMisses(models),
  });
}

/** What one level has not, the next is asked for: what the last has not was in none. */
const lastMisses = (models: StatusReport['models']) =>
  models.reduce((all, { cache }) => all + (cache.at(-1)?.misses ?? 0), 0);

function showNow({ models, active }: StatusReport): void {
  const rate = (key: 'textsPerSecond' | 'tokensPerSecond') =>
    models.reduce((all, { rates }) => all + (rates?.[key] ?? 0), 0);
  const waiting = models.flatMap(({ queue }) => (queue ? Object.values(queue) : []));
  const { calls } = history;
  const values: Record<string, string> = {
    tokens: number(Math.round(rate('tokensPerSecond'))),
    text_rate: number(rate('textsPerSecond')),
    p50: ms(percentile(calls, 0.5)),
    p95: ms(percentile(calls, 0.95)),
    p99: ms(percentile(calls, 0.99)),
    waiting: number(waiting.reduce((all, { texts }) => all + texts, 0)),
    active: number(active),
    hits: percent(history.hitRate),
  };
  for (const [id, value] of Object.entries(values)) say(byId(`now-${id}`), value);
  throughput.add(rate('tokensPerSecond'));
  latency.add(percentile(history.latestCalls, 0.95));
}

function showProcess({ version, process }: StatusReport): void {
  const one = process.isWorker ? `process ${process.pid} of several, up` : 'up';
  say(
    byId('process'),
    `ovembed ${version}, ${one} ${duration(process.uptimeSeconds)}, ${bytes(process.residentBytes)} resident`,
  );
}

/** Tables stay as they are while nothing changes, so that a selection or a reader's place in them does. */
function showChanged({ models, routes }: StatusReport): void {
  const now = JSON.stringify([models, routes]);
  if (now === shown || selectionWithin(byId('figures'))) return;
  shown = now;
  const cards = models.map(modelCard);
  const focused = [...document.querySelectorAll('#figures .scroll')].indexOf(document.activeElement as Element);
  const scrolled = [...document.querySelectorAll('#figures .scroll')].map(({ scrollLeft }) => scrollLeft);
  fill(byId('models'), ...cards);
  fill(byId('routes'), routesTable(routes));
  const regions = [...document.querySelectorAll<HTMLElement>('#figures .scroll')];
  for (const [i, region] of regions.entries()) region.scrollLeft = scrolled[i] ?? 0;
  regions[focused]?.focus({ preventScroll: true });
}

function selectionWithin(element: Element): boolean {
  const selection = getSelection();
  return selection?.isCollapsed === false && element.contains(selection.anchorNode);
}

function routesTable(routes: StatusReport['routes']): HTMLElement {
  if (routes.length === 0) return el('p', { class: 'quiet' }, 'No requests yet.');
  const names = [...new Set(routes.map(({ route }) => route))].sort();
  const rows = names.map((name) => {
    const of = routes.filter(({ route }) => route === name);
    const fine: Counts = sum(of.filter(({ status }) => status < 400).map(({ ms }) => ms));
    const failed = of.filter(({ status }) => status >= 400);
    const statuses = failed.map(({ status, ms }) => `${number(ms.count)} × ${status}`).join(', ');
    return [
      name,
      number(total(fine)),
      statuses || '0',
      ms(percentile(fine, 0.5)),
      ms(percentile(fine, 0.95)),
      ms(percentile(fine, 0.99)),
    ];
  });
  return table('Requests since the start', ['Route', 'Answered', 'Failed', '50 %', '95 %', '99 %'], rows);
}

function chooseModel({ models }: StatusReport): void {
  const select = byId<HTMLSelectElement>('model');
  const names = models.map(({ name }) => name);
  if (names.join('\n') === [...select.options].map(({ value }) => value).join('\n')) return;
  const before = select.value;
  fill(select, ...names.map((name) => el('option', { value: name }, name)));
  if (names.includes(before)) select.value = before;
}

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  keepKey(byId<HTMLInputElement>('key').value.trim());
  byId<HTMLInputElement>('key').value = '';
  void look();
});
watchForms(() => byId<HTMLSelectElement>('model').value);
document.addEventListener('visibilitychange', () => void look());

async function watch(): Promise<never> {
  for (;;) {
    const pauseMs = await look();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
void watch();
