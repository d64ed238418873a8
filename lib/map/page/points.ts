/** The page's data, unpacked. */
import type { Field, MapData } from '../data.js';

export interface Points {
  length: number;
  x: Float32Array;
  y: Float32Array;
  texts: readonly string[];
  fields: readonly ReadyField[];
}

/** A field with its values at hand. */
export interface ReadyField {
  field: Field;
  /** Of a category the code, of a number the number. */
  numbers: ArrayLike<number>;
  /** The value of a point in words; null: it has none. */
  show(point: number): string | null;
}

export function unpack({ length, points, texts, fields }: MapData): Points {
  const pairs = new Float32Array(bytesOf(points));
  const x = Float32Array.from({ length }, (_, i) => pairs[2 * i] as number);
  const y = Float32Array.from({ length }, (_, i) => pairs[2 * i + 1] as number);
  return { length, x, y, texts, fields: fields.map(ready) };
}

function ready(field: Field): ReadyField {
  if (field.kind === 'text') return { field, numbers: [], show: (point) => field.values[point] ?? null };
  if (field.kind === 'number') {
    const numbers = new Float32Array(bytesOf(field.values));
    const show = (point: number) => (Number.isNaN(numbers[point]) ? null : shortNumber(numbers[point] as number));
    return { field, numbers, show };
  }
  const numbers = new Uint16Array(bytesOf(field.codes));
  return { field, numbers, show: (point) => field.labels[numbers[point] as number] ?? null };
}

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

/** Float32 has seven digits. Not by Intl, which for all points would take seconds. */
export const shortNumber = (value: number, digits = 7): string => String(Number(value.toPrecision(digits)));
