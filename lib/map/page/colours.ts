/** Which colour each point has. */
import type { CategoryField } from '../data.js';
import type { ReadyField } from './points.js';

/** Ten that are told apart on white and on black; the last stands for everything else. */
const PALETTE = [
  '#3b82d6',
  '#e8801a',
  '#2f9e44',
  '#d6456b',
  '#8a63d2',
  '#0fa3a3',
  '#b08800',
  '#c457c0',
  '#7a8f2a',
  '#a8644b',
];
const OTHER = '#8b98a5';
const ONE_COLOUR = '#3b82d6';
/** From low to high, of even steps in lightness; as viridis. */
const RAMP = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [240, 220, 60],
] as const;
const STEPS = 64;

export interface LegendEntry {
  name: string;
  count: number;
}

export interface Colouring {
  /** Of each point the place in `colours`. */
  codes: Uint8Array;
  colours: string[];
  /** What the colours stand for, where it is one thing each. */
  legend: LegendEntry[];
  /** Where they stand for numbers. */
  range: { min: number; max: number } | null;
}

export function colouringOf(ready: ReadyField | undefined, length: number): Colouring {
  if (ready?.field.kind === 'category') return byCategory(ready.field, ready.numbers, length);
  if (ready?.field.kind === 'number') return byNumber(ready.field, ready.numbers, length);
  return { codes: new Uint8Array(length), colours: [ONE_COLOUR], legend: [], range: null };
}

function byCategory({ labels, counts }: CategoryField, numbers: ArrayLike<number>, length: number): Colouring {
  const named = labels.length > PALETTE.length ? PALETTE.length : labels.length;
  const codes = Uint8Array.from({ length }, (_, i) => Math.min(numbers[i] as number, named));
  const legend = labels.slice(0, named).map((name, i) => ({ name, count: counts[i] as number }));
  const rest = codes.reduce((sum, code) => sum + (code === named ? 1 : 0), 0);
  const hasMore = labels.length > named;
  if (rest > 0) legend.push({ name: hasMore ? `${labels.length - named} others` : 'none', count: rest });
  return { codes, colours: [...PALETTE.slice(0, named), OTHER], legend, range: null };
}

function byNumber({ min, max }: { min: number; max: number }, numbers: ArrayLike<number>, length: number): Colouring {
  const codes = Uint8Array.from({ length }, (_, i) => {
    const share = ((numbers[i] as number) - min) / (max - min || 1);
    return Number.isNaN(share) ? STEPS : Math.min(STEPS - 1, Math.floor(share * STEPS));
  });
  const colours = Array.from({ length: STEPS }, (_, i) => rampColour(i / (STEPS - 1)));
  return { codes, colours: [...colours, OTHER], legend: [], range: { min, max } };
}

export function rampColour(share: number): string {
  const place = share * (RAMP.length - 1);
  const from = RAMP[Math.min(RAMP.length - 2, Math.floor(place))] as readonly number[];
  const to = RAMP[Math.min(RAMP.length - 1, Math.floor(place) + 1)] as readonly number[];
  const part = place - Math.min(RAMP.length - 2, Math.floor(place));
  return `rgb(${from.map((value, i) => Math.round(value + part * ((to[i] as number) - value))).join(' ')})`;
}
