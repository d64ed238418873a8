/** Two ways to put dots on a canvas: beautiful ones, and very many. Both draw in the order of the points. */

/** Where dots go and what they look like, in pixels of the canvas. */
export interface Dots {
  x: Float32Array;
  y: Float32Array;
  /** Of each dot the place in `colours`. */
  codes: Uint8Array;
  colours: readonly string[];
  radius: number;
  alpha: number;
}

const discs = new Map<string, HTMLCanvasElement>();

export function paintDiscs(context: CanvasRenderingContext2D, { x, y, codes, colours, radius, alpha }: Dots): void {
  const images = colours.map((colour) => discOf(colour, radius));
  context.globalAlpha = alpha;
  for (const [i, code] of codes.entries()) {
    const image = images[code] as HTMLCanvasElement;
    context.drawImage(image, (x[i] as number) - image.width / 2, (y[i] as number) - image.height / 2);
  }
  context.globalAlpha = 1;
}

/** A disc is drawn once and copied for every dot. */
function discOf(colour: string, radius: number): HTMLCanvasElement {
  const key = `${colour} ${radius}`;
  const known = discs.get(key);
  if (known) return known;
  if (discs.size > 300) discs.clear();
  const disc = document.createElement('canvas');
  const side = Math.ceil(2 * radius) + 1;
  Object.assign(disc, { width: side, height: side });
  const context = disc.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = colour;
  context.arc(side / 2, side / 2, radius, 0, 2 * Math.PI);
  context.fill();
  discs.set(key, disc);
  return disc;
}

/** Squares, written into the pixels: a call of the canvas for each takes ten times as long. Over what is there, opaque. */
export function paintPixels(context: CanvasRenderingContext2D, { x, y, codes, colours, radius }: Dots): void {
  const { width, height } = context.canvas;
  const image = context.getImageData(0, 0, width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const values = colours.map(pixelOf);
  const side = Math.max(1, Math.round(2 * radius));
  for (const [i, code] of codes.entries()) {
    const left = Math.round((x[i] as number) - side / 2);
    const top = Math.round((y[i] as number) - side / 2);
    for (let row = Math.max(0, top); row < Math.min(height, top + side); row++) {
      const start = row * width;
      pixels.fill(values[code] as number, start + Math.max(0, left), start + Math.max(0, Math.min(width, left + side)));
    }
  }
  context.putImageData(image, 0, 0);
}

const known = new Map<string, number>();

function pixelOf(colour: string): number {
  const before = known.get(colour);
  if (before !== undefined) return before;
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 1, height: 1 });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [pixel] = new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer);
  known.set(colour, pixel as number);
  return pixel as number;
}
