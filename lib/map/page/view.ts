/** Which part of the map the canvas shows. */

const MARGIN = 0.06;
const MOST_ZOOM = 2000;

export class View {
  /** Of the canvas, in CSS pixels. */
  width = 1;
  height = 1;
  /** The place of the map in the middle of the canvas. */
  x = 0;
  y = 0;
  /** 1: all of the map fits. */
  zoom = 1;
  readonly #halfWidth: number;
  readonly #halfHeight: number;

  /** Half of what the points take; the middle is 0, 0. */
  constructor(halfWidth: number, halfHeight: number) {
    this.#halfWidth = Math.max(halfWidth, 1e-3);
    this.#halfHeight = Math.max(halfHeight, 1e-3);
  }

  /** Pixels to a unit of the map, which reaches from -1 to 1 at most. */
  get scale(): number {
    const fitting = Math.min(this.width / this.#halfWidth, this.height / this.#halfHeight) / 2;
    return fitting * (1 - MARGIN) * this.zoom;
  }

  toScreenX(x: number): number {
    return this.width / 2 + (x - this.x) * this.scale;
  }

  toScreenY(y: number): number {
    return this.height / 2 - (y - this.y) * this.scale;
  }

  toMap(screenX: number, screenY: number): { x: number; y: number } {
    return {
      x: this.x + (screenX - this.width / 2) / this.scale,
      y: this.y - (screenY - this.height / 2) / this.scale,
    };
  }

  /** By pixels. */
  pan(dx: number, dy: number): void {
    this.#centre(this.x - dx / this.scale, this.y + dy / this.scale);
  }

  /** The place under the pixel stays there. */
  zoomAt(screenX: number, screenY: number, factor: number): void {
    const before = this.toMap(screenX, screenY);
    this.zoom = Math.min(MOST_ZOOM, Math.max(0.5, this.zoom * factor));
    const after = this.toMap(screenX, screenY);
    this.#centre(this.x + before.x - after.x, this.y + before.y - after.y);
  }

  showAll(): void {
    Object.assign(this, { x: 0, y: 0, zoom: 1 });
  }

  show(x: number, y: number, leastZoom: number): void {
    this.zoom = Math.max(this.zoom, leastZoom);
    this.#centre(x, y);
  }

  /** The map is never lost from sight. */
  #centre(x: number, y: number): void {
    this.x = Math.min(1, Math.max(-1, x));
    this.y = Math.min(1, Math.max(-1, y));
  }
}
