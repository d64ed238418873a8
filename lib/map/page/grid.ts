/** Points by the square of the map they are in, so that the one under the pointer is found at once among any number. */

const SIDE = 256;

export class Grid {
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  /** Where the points of a square begin in `#order`. */
  readonly #starts = new Uint32Array(SIDE * SIDE + 1);
  readonly #order: Uint32Array;

  constructor(x: Float32Array, y: Float32Array) {
    this.#x = x;
    this.#y = y;
    this.#order = new Uint32Array(x.length);
    const squares = Uint32Array.from(x, (value, i) => squareOf(y[i] as number) * SIDE + squareOf(value));
    for (const square of squares) this.#starts[square + 1] = (this.#starts[square + 1] as number) + 1;
    for (let i = 0; i < SIDE * SIDE; i++) {
      this.#starts[i + 1] = (this.#starts[i + 1] as number) + (this.#starts[i] as number);
    }
    const next = this.#starts.slice();
    for (const [point, square] of squares.entries()) {
      const place = next[square] as number;
      this.#order[place] = point;
      next[square] = place + 1;
    }
  }

  /** The nearest point within `radius` that may be taken; -1: there is none. */
  nearest(x: number, y: number, radius: number, mayTake: (point: number) => boolean): number {
    let best = -1;
    let least = radius * radius;
    const last = squareOf(x + radius);
    for (let row = squareOf(y - radius); row <= squareOf(y + radius); row++) {
      for (let column = squareOf(x - radius); column <= last; column++) {
        const square = row * SIDE + column;
        for (let i = this.#starts[square] as number; i < (this.#starts[square + 1] as number); i++) {
          const point = this.#order[i] as number;
          const distance = ((this.#x[point] as number) - x) ** 2 + ((this.#y[point] as number) - y) ** 2;
          if (distance <= least && mayTake(point)) [best, least] = [point, distance];
        }
      }
    }
    return best;
  }
}

function squareOf(value: number): number {
  return Math.min(SIDE - 1, Math.max(0, Math.floor(((value + 1) / 2) * SIDE)));
}
