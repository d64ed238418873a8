/** Draws the points. */
import type { Colouring } from './colours.js';
import { type Dots, paintDiscs, paintPixels } from './painters.js';
import type { Points } from './points.js';
import type { View } from './view.js';

/** More are painted as squares. */
const MOST_DISCS = 15_000;

/** What of the points is to be seen. */
export interface Marks {
  colouring: Colouring;
  /** Places in the legend that are switched off. */
  hidden: ReadonlySet<number>;
  /** 1 where the search finds the point; null: nothing is searched for. */
  found: Uint8Array | null;
  /** The point under the pointer; -1: none. */
  hovered: number;
  /** The point whose text is shown; -1: none. */
  selected: number;
  /** The middle is where Enter looks. */
  hasCross: boolean;
}

export class Scatter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #points: Points;

  constructor(canvas: HTMLCanvasElement, points: Points) {
    this.#canvas = canvas;
    // Pixels are read back in each frame where there are many points.
    this.#context = canvas.getContext('2d', {
      willReadFrequently: points.length > MOST_DISCS,
    }) as CanvasRenderingContext2D;
    this.#points = points;
  }

  draw(view: View, marks: Marks): void {
    const { x, y, length } = this.#points;
    const { codes, colours } = marks.colouring;
    const style = getComputedStyle(document.documentElement);
    const ratio = window.devicePixelRatio || 1;
    const context = this.#context;
    this.#clear(view, ratio, style.getPropertyValue('--ground'));
    const radius = radiusOf(length, view.zoom);
    const { shown, faded } = this.#split(view, radius, marks);

    const paint = shown.length + faded.length > MOST_DISCS ? paintPixels : paintDiscs;
    const form = { radius: radius * ratio };
    const grey = { codes: new Uint8Array(faded.length), colours: [style.getPropertyValue('--faded')], alpha: 0.55 };
    if (faded.length > 0) paint(context, { ...this.#places(view, faded, ratio), ...grey, ...form });
    const own = { codes: Uint8Array.from(shown, (i) => codes[i] as number), colours };
    paint(context, { ...this.#places(view, shown, ratio), ...own, ...form, alpha: length > 1000 ? 0.8 : 0.95 });

    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const point of [marks.hovered, marks.selected]) {
      if (point < 0) continue;
      const [sx, sy] = [view.toScreenX(x[point] as number), view.toScreenY(y[point] as number)];
      this.#ring(sx, sy, radius + 3, colours[codes[point] as number] as string, style.getPropertyValue('--text'));
    }
    if (marks.hasCross) this.#cross(view, style.getPropertyValue('--quiet'));
  }

  #clear({ width, height }: View, ratio: number, ground: string): void {
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== w || this.#canvas.height !== h) Object.assign(this.#canvas, { width: w, height: h });
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.fillStyle = ground;
    this.#context.fillRect(0, 0, w, h);
  }

  /** The points on the canvas: those to draw in their colour, and those that the search has not found. */
  #split(view: View, radius: number, { colouring, hidden, found }: Marks): { shown: number[]; faded: number[] } {
    const { x, y, length } = this.#points;
    const from = view.toMap(-radius, view.height + radius);
    const to = view.toMap(view.width + radius, -radius);
    const shown: number[] = [];
    const faded: number[] = [];
    for (let i = 0; i < length; i++) {
      const [px, py] = [x[i] as number, y[i] as number];
      if (px < from.x || px > to.x || py < from.y || py > to.y) continue;
      if (hidden.has(colouring.codes[i] as number)) continue;
      if (found && !found[i]) faded.push(i);
      else shown.push(i);
    }
    return { shown, faded };
  }

  #places(view: View, points: readonly number[], ratio: number): Pick<Dots, 'x' | 'y'> {
    const { x, y } = this.#points;
    return {
      x: Float32Array.from(points, (i) => view.toScreenX(x[i] as number) * ratio),
      y: Float32Array.from(points, (i) => view.toScreenY(y[i] as number) * ratio),
    };
  }

  #ring(x: number, y: number, radius: number, colour: string, line: string): void {
    const context = this.#context;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = line;
    context.stroke();
  }

  #cross({ width, height }: View, colour: string): void {
    const context = this.#context;
    context.beginPath();
    for (const sign of [-1, 1]) {
      context.moveTo(width / 2 + 5 * sign, height / 2);
      context.lineTo(width / 2 + 14 * sign, height / 2);
      context.moveTo(width / 2, height / 2 + 5 * sign);
      context.lineTo(width / 2, height / 2 + 14 * sign);
    }
    context.lineWidth = 1.5;
    context.strokeStyle = colour;
    context.stroke();
  }
}

/** Small where there are many, larger the closer one looks; in steps, so that discs are made seldom. */
function radiusOf(length: number, zoom: number): number {
  const base = length > 50_000 ? 1 : length > 10_000 ? 1.5 : length > 2000 ? 2.25 : length > 300 ? 3.25 : 4.5;
  return Math.round(Math.min(6, base * Math.max(1, zoom ** 0.4)) * 4) / 4;
}
