/** Pointer, wheel and keys on the canvas, as what they mean. */
import type { View } from './view.js';

export interface Gestures {
  /** The view has moved. */
  onMove(): void;
  onHover(x: number, y: number): void;
  onLeave(): void;
  onChoose(x: number, y: number): void;
}

const KEY_STEP = 60;
const KEY_ZOOM = 1.5;
/** A press that moves less is a click. */
const STILL = 5;

const KEYS: Record<string, (view: View) => void> = {
  ArrowLeft: (view) => view.pan(KEY_STEP, 0),
  ArrowRight: (view) => view.pan(-KEY_STEP, 0),
  ArrowUp: (view) => view.pan(0, KEY_STEP),
  ArrowDown: (view) => view.pan(0, -KEY_STEP),
  '+': (view) => zoomMiddle(view, KEY_ZOOM),
  '=': (view) => zoomMiddle(view, KEY_ZOOM),
  '-': (view) => zoomMiddle(view, 1 / KEY_ZOOM),
  '0': (view) => view.showAll(),
};

export function zoomMiddle(view: View, factor: number): void {
  view.zoomAt(view.width / 2, view.height / 2, factor);
}

export function listen(canvas: HTMLCanvasElement, view: View, gestures: Gestures): void {
  listenToPointers(canvas, view, gestures);
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      // Lines and pages of a wheel, in pixels of a touchpad.
      const pixels = event.deltaY * ([1, 20, 400][event.deltaMode] ?? 1);
      view.zoomAt(event.offsetX, event.offsetY, Math.exp(-Math.max(-300, Math.min(300, pixels)) * 0.002));
      gestures.onMove();
    },
    { passive: false },
  );
  canvas.addEventListener('dblclick', (event) => {
    view.zoomAt(event.offsetX, event.offsetY, 2);
    gestures.onMove();
  });
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter') return gestures.onChoose(view.width / 2, view.height / 2);
    const move = KEYS[event.key];
    if (!move) return;
    event.preventDefault();
    move(view);
    gestures.onMove();
  });
}

/** One finger or button moves the map, two fingers zoom it. */
function listenToPointers(canvas: HTMLCanvasElement, view: View, gestures: Gestures): void {
  const pressed = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pressed.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    travelled = pressed.size > 1 ? Infinity : 0;
  });
  canvas.addEventListener('pointermove', (event) => {
    const place = { x: event.offsetX, y: event.offsetY };
    const before = pressed.get(event.pointerId);
    if (!before) return gestures.onHover(place.x, place.y);
    travelled += Math.hypot(place.x - before.x, place.y - before.y);
    const other = [...pressed].find(([id]) => id !== event.pointerId)?.[1];
    pressed.set(event.pointerId, place);
    if (other) pinch(view, before, place, other);
    else if (travelled > STILL) view.pan(place.x - before.x, place.y - before.y);
    canvas.classList.toggle('moving', travelled > STILL);
    gestures.onMove();
  });
  const release = (event: PointerEvent) => {
    if (!pressed.delete(event.pointerId)) return;
    canvas.classList.remove('moving');
    if (event.type === 'pointerup' && travelled <= STILL) gestures.onChoose(event.offsetX, event.offsetY);
  };
  canvas.addEventListener('pointerup', release);
  canvas.addEventListener('pointercancel', release);
  canvas.addEventListener('pointerleave', () => gestures.onLeave());
}

type Place = { x: number; y: number };

function pinch(view: View, before: Place, after: Place, other: Place): void {
  const apart = (place: Place) => Math.hypot(place.x - other.x, place.y - other.y) || 1;
  view.pan((after.x - before.x) / 2, (after.y - before.y) / 2);
  view.zoomAt((after.x + other.x) / 2, (after.y + other.y) / 2, apart(after) / apart(before));
}
