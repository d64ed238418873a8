/** What a page of a map holds; both the side that writes it and the one in the browser know it. */

/** A value of every point, to colour by and to show beside the text. */
export type Field = CategoryField | NumberField | TextField;

/** Few distinct values. */
export interface CategoryField {
  kind: 'category';
  name: string;
  /** The most frequent first. */
  labels: string[];
  /** How many points have each. */
  counts: number[];
  /** Uint16Array in base64: the place in `labels` of each point; `NO_LABEL`: it has no value. */
  codes: string;
}

/** Numbers. */
export interface NumberField {
  kind: 'number';
  name: string;
  min: number;
  max: number;
  /** Float32Array in base64; NaN: the point has no value. */
  values: string;
}

/** Texts that are shown, and searched, but no colours. */
export interface TextField {
  kind: 'text';
  name: string;
  /** Null: the point has no value. */
  values: (string | null)[];
}

export const NO_LABEL = 0xffff;

export interface MapData {
  title: string;
  /** How it was made, in a line. */
  note: string;
  length: number;
  /** Float32Array of x, y, x, y … in base64, between -1 and 1; y points up. */
  points: string;
  texts: string[];
  fields: Field[];
  /** The field that colours at first; null: none. */
  colour: string | null;
}
