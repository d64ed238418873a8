/** Each model: its devices, what waits, its caches. */
import type { ModelStatus } from '../routes/status.js';
import { bar, type Child, el, table } from './dom.js';
import { bytes, ms, number, percent } from './numbers.js';

export function modelCard(model: ModelStatus): HTMLElement {
  const { name, aliases, loaded, status, info } = model;
  const names = aliases.length > 0 ? el('p', { class: 'quiet' }, `also called ${aliases.join(', ')}`) : null;
  const head = el(
    'h3',
    {},
    name,
    ' ',
    el('span', { class: `state ${loaded ? status : 'idle'}` }, loaded ? status : 'not loaded'),
  );
  if (!loaded || !info) {
    const said = el('p', { class: 'quiet' }, 'It is loaded with the first request for it.');
    return el('article', {}, head, names, said);
  }
  return el('article', {}, head, names, facts(model), devices(model), queues(model), caches(model));
}

function facts({ info, fingerprint }: ModelStatus): Node | null {
  if (!info) return null;
  const { model, dimensions, maxTokens, precision, deviceName, streams, threads } = info;
  const rows: [string, Child][] = [
    ['Model', model],
    [
      'Vectors',
      `${number(dimensions)} dimensions, texts up to ${maxTokens === 0 ? 'any number of' : number(maxTokens)} tokens`,
    ],
    ['Runs on', `${deviceName}, ${precision}, ${number(streams)} streams, ${number(threads)} threads`],
    ['Fingerprint', fingerprint ?? ''],
  ];
  return el('dl', { class: 'facts' }, ...rows.flatMap(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]));
}

function devices({ name, devices = [], inFlight }: ModelStatus): Node {
  const rows = devices.map(({ device, state, reason, latencyMs }) => [
    device,
    el('span', { class: `state ${state === 'ready' ? 'ok' : 'failing'}` }, state),
    ms(latencyMs),
    reason,
  ]);
  const batches = number(inFlight?.batches ?? 0);
  return table(`Devices, with ${batches} batches`, ['Device', 'State', 'Per batch', 'Why'], rows, ` of ${name}`);
}

function queues({ name, queue }: ModelStatus): Node | null {
  if (!queue) return null;
  const rows = Object.entries(queue).map(([lane, { texts, fraction, waitMs }]) => [
    lane,
    number(texts),
    el('span', { class: 'gauge' }, bar(fraction), percent(fraction)),
    ms(waitMs),
  ]);
  return table('Queues', ['Priority', 'Texts', 'Full', 'Wait'], rows, ` of ${name}`);
}

function caches({ name, cache }: ModelStatus): Node | null {
  if (cache.length === 0) return null;
  const rows = cache.map(({ name, hits, misses, errors, entries, bytes: size, leftOut }) => [
    name,
    hits + misses === 0 ? '–' : percent(hits / (hits + misses)),
    number(hits),
    number(misses),
    entries === null ? '–' : number(entries),
    size === null ? '–' : bytes(size),
    leftOut ? el('span', { class: 'state failing' }, 'left out') : number(errors),
  ]);
  return table(
    'Cache since the start',
    ['Level', 'Had', 'Hits', 'Misses', 'Vectors', 'Size', 'Errors'],
    rows,
    ` of ${name}`,
  );
}
