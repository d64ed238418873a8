/** The page of a map: takes the data out of it and joins its parts. Runs in the browser. */
import type { MapData } from '../data.js';
import { colouringOf } from './colours.js';
import { listen, zoomMiddle } from './gestures.js';
import { Grid } from './grid.js';
import { element, showColourChoices, showHits, showLegend, showPoint, showTip } from './panel.js';
import { type Points, unpack } from './points.js';
import { type Marks, Scatter } from './scatter.js';
import { Search } from './search.js';
import { View } from './view.js';

/** Pixels around the pointer in which a point is meant. */
const REACH = 14;
const SEARCH_DELAY_MS = 120;
/** How close a hit is looked at. */
const HIT_ZOOM = 4;
const BUTTON_ZOOM = 1.5;
/** The panel has a scroll bar of its own; else the map would be scrolled away. As in page.css. */
const BESIDE = '(min-width: 46rem)';

class MapPage {
  readonly #points: Points;
  readonly #canvas = element<HTMLCanvasElement>('map');
  readonly #view: View;
  readonly #scatter: Scatter;
  readonly #grid: Grid;
  readonly #search: Search;
  readonly #hidden = new Set<number>();
  readonly #marks: Marks;
  #isDrawing = false;

  constructor(data: MapData) {
    const points = unpack(data);
    this.#points = points;
    this.#view = new View(furthest(points.x), furthest(points.y));
    this.#scatter = new Scatter(this.#canvas, points);
    this.#grid = new Grid(points.x, points.y);
    this.#search = new Search(points);
    const colour = points.fields.findIndex(({ field }) => field.name === data.colour);
    this.#marks = {
      ...{ colouring: colouringOf(undefined, points.length), hidden: this.#hidden, found: null },
      ...{ hovered: -1, selected: -1, hasCross: false },
    };
    element('title').textContent = data.title;
    element('note').textContent = data.note;
    showColourChoices(points, colour);
    this.#colourBy(colour);
    this.#listenToMap();
    this.#listenToSearch();
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#scatter.draw(this.#view, this.#marks);
    });
  }

  #colourBy(field: number): void {
    const colouring = colouringOf(this.#points.fields[field], this.#points.length);
    this.#marks.colouring = colouring;
    this.#hidden.clear();
    showLegend(colouring, (code, isOn) => {
      if (isOn) this.#hidden.delete(code);
      else this.#hidden.add(code);
      this.#draw();
    });
    this.#draw();
  }

  /** While something is searched for, only what is found can be pointed at. */
  #pointAt(x: number, y: number): number {
    const place = this.#view.toMap(x, y);
    const { colouring, found } = this.#marks;
    const mayTake = (point: number) =>
      !this.#hidden.has(colouring.codes[point] as number) && (!found || found[point] === 1);
    return this.#grid.nearest(place.x, place.y, REACH / this.#view.scale, mayTake);
  }

  #hover(x: number, y: number): void {
    this.#setHovered(this.#pointAt(x, y), x, y);
  }

  #setHovered(point: number, x = 0, y = 0): void {
    showTip(this.#points, point, { x, y });
    this.#canvas.classList.toggle('over', point >= 0);
    if (this.#marks.hovered === point) return;
    this.#marks.hovered = point;
    this.#draw();
  }

  #select(point: number): void {
    if (point < 0) return;
    this.#marks.selected = point;
    showPoint(this.#points, point);
    this.#draw();
  }

  #moved(): void {
    if (this.#marks.hasCross) this.#hover(this.#view.width / 2, this.#view.height / 2);
    else this.#setHovered(-1);
    this.#draw();
  }

  #listenToMap(): void {
    const [canvas, view] = [this.#canvas, this.#view];
    listen(canvas, view, {
      onMove: () => this.#moved(),
      onHover: (x, y) => this.#hover(x, y),
      onLeave: () => this.#setHovered(-1),
      onChoose: (x, y) => this.#select(this.#pointAt(x, y)),
    });
    for (const change of ['focus', 'blur']) {
      canvas.addEventListener(change, () => {
        const hasCross = canvas.matches(':focus-visible');
        if (hasCross === this.#marks.hasCross) return;
        this.#marks.hasCross = hasCross;
        this.#moved();
      });
    }
    const buttons: Record<string, () => void> = {
      in: () => zoomMiddle(view, BUTTON_ZOOM),
      out: () => zoomMiddle(view, 1 / BUTTON_ZOOM),
      all: () => view.showAll(),
    };
    for (const button of document.querySelectorAll<HTMLElement>('[data-zoom]')) {
      button.addEventListener('click', () => {
        buttons[button.dataset.zoom as string]?.();
        this.#moved();
      });
    }
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    new ResizeObserver(() => {
      Object.assign(view, { width: canvas.clientWidth, height: canvas.clientHeight });
      this.#draw();
    }).observe(canvas);
  }

  #listenToSearch(): void {
    const input = element<HTMLInputElement>('search');
    let waiting: ReturnType<typeof setTimeout>;
    input.addEventListener('input', () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.#find(input.value), SEARCH_DELAY_MS);
    });
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.target === input) return;
      event.preventDefault();
      input.focus();
    });
    element('colour').addEventListener('change', (event) =>
      this.#colourBy(Number((event.target as HTMLSelectElement).value)),
    );
  }

  #find(query: string): void {
    const found = this.#search.find(query);
    this.#marks.found = found;
    this.#setHovered(-1);
    showHits(this.#points, query, found, (point) => {
      this.#view.show(this.#points.x[point] as number, this.#points.y[point] as number, HIT_ZOOM);
      this.#select(point);
      if (matchMedia(BESIDE).matches) element('point').scrollIntoView({ block: 'nearest' });
    });
    this.#draw();
  }
}

const furthest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

new MapPage(JSON.parse(element('data').textContent as string) as MapData);
