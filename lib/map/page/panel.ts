/** What stands beside the map: legend, hits and the point that is looked at. Texts go in as text, never as markup. */
import { type Colouring, rampColour } from './colours.js';
import { type Points, shortNumber } from './points.js';
import { split } from './search.js';

const MOST_HITS = 100;

export function element<K extends HTMLElement = HTMLElement>(id: string): K {
  return document.getElementById(id) as K;
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = '', text = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

export function showColourChoices(points: Points, chosen: number): void {
  const select = element<HTMLSelectElement>('colour');
  const choices = points.fields.flatMap(({ field }, i) => (field.kind === 'text' ? [] : [{ name: field.name, i }]));
  for (const { name, i } of [{ name: 'nothing', i: -1 }, ...choices]) {
    const option = make('option', '', name);
    option.value = String(i);
    select.append(option);
  }
  select.value = String(chosen);
  element('colours').hidden = choices.length === 0;
}

/** @param onToggle a place of the legend is switched on or off */
export function showLegend(
  { legend, colours, range }: Colouring,
  onToggle: (code: number, isOn: boolean) => void,
): void {
  const rows = legend.map(({ name, count }, code) => {
    const button = make('button');
    button.type = 'button';
    button.title = name;
    button.setAttribute('aria-pressed', 'true');
    const dot = make('span', 'dot');
    dot.style.background = colours[code] as string;
    button.append(dot, make('span', 'name', name), make('span', 'number', count.toLocaleString('en')));
    button.addEventListener('click', () => {
      const isOn = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(isOn));
      onToggle(code, isOn);
    });
    const row = make('li');
    row.append(button);
    return row;
  });
  element('legend').replaceChildren(...rows);
  element('scale').hidden = range === null;
  if (range) showRamp(range);
}

function showRamp({ min, max }: { min: number; max: number }): void {
  const ramp = element<HTMLCanvasElement>('ramp');
  const context = ramp.getContext('2d') as CanvasRenderingContext2D;
  for (let i = 0; i < ramp.width; i++) {
    context.fillStyle = rampColour(i / (ramp.width - 1));
    context.fillRect(i, 0, 1, 1);
  }
  element('min').textContent = shortNumber(min, 3);
  element('max').textContent = shortNumber(max, 3);
}

/** @param found as `Search.find` gives it */
export function showHits(
  points: Points,
  query: string,
  found: Uint8Array | null,
  onChoose: (point: number) => void,
): void {
  element('found').hidden = found === null;
  if (!found) return;
  const hits: number[] = [];
  let count = 0;
  for (let i = 0; i < points.length; i++) {
    if (found[i] && count++ < MOST_HITS) hits.push(i);
  }
  const first = count > MOST_HITS ? `, the first ${MOST_HITS} here` : '';
  element('count').textContent = `${count.toLocaleString('en')} of ${points.length.toLocaleString('en')}${first}`;
  const rows = hits.map((point) => {
    const button = make('button');
    button.type = 'button';
    const text = make('span');
    text.append(...marked(excerpt(points.texts[point] || '(no text)', query), query));
    button.append(text);
    button.addEventListener('click', () => onChoose(point));
    const row = make('li');
    row.append(button);
    return row;
  });
  element('hits').replaceChildren(...rows);
}

const BEFORE_MATCH = 24;

/** From shortly before the first word that is found. */
function excerpt(text: string, query: string): string {
  const start = (split(text, query)[0] as string).length - BEFORE_MATCH;
  return start > 0 && start + BEFORE_MATCH < text.length ? `…${text.slice(start)}` : text;
}

function marked(text: string, query: string): (Node | string)[] {
  return split(text, query).map((piece, i) => (i % 2 === 1 ? make('mark', '', piece) : piece));
}

export function showPoint(points: Points, point: number): void {
  const text = element('text');
  text.className = '';
  text.textContent = points.texts[point] || '(no text)';
  const rows = valuesOf(points, point).flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]);
  element('values').replaceChildren(...rows);
}

const TIP_LENGTH = 240;

/** @param point -1: nothing */
export function showTip(points: Points, point: number, { x, y }: { x: number; y: number }): void {
  const tip = element('tip');
  tip.hidden = point < 0;
  if (point < 0) return;
  const text = points.texts[point] || '(no text)';
  const short = text.length > TIP_LENGTH ? `${text.slice(0, TIP_LENGTH)}…` : text;
  const values = valuesOf(points, point).slice(0, 4);
  tip.replaceChildren(short, ...values.map(([name, value]) => make('div', 'value', `${name}: ${value.slice(0, 80)}`)));
  const stage = element('stage');
  const left = x + 14 + tip.offsetWidth > stage.clientWidth ? x - 14 - tip.offsetWidth : x + 14;
  const top = Math.min(y + 14, stage.clientHeight - tip.offsetHeight - 4);
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

function valuesOf({ fields }: Points, point: number): [string, string][] {
  return fields.flatMap((ready): [string, string][] => {
    const value = ready.show(point);
    return value === null ? [] : [[ready.field.name, value]];
  });
}
