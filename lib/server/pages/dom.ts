/** Elements of a page. Whatever is shown is text: no string becomes markup. */
const SVG = 'http://www.w3.org/2000/svg';

export type Child = Node | string | number | null;

/** @param attributes a value of `false` leaves the attribute out */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string | number | boolean> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  setAttributes(element, attributes);
  element.append(...nodes(children));
  return element;
}

export function svg(name: string, attributes: Record<string, string | number>, ...children: Node[]): SVGElement {
  const element = document.createElementNS(SVG, name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** The element with that id, which the page has. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...nodes(children));
}

/** Only if it is another, so that nothing is read aloud twice. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** How much of something, beside a number that says it: no reader needs it. */
export function bar(fraction: number): SVGElement {
  const width = 100 * Math.min(1, Math.max(0, fraction));
  return svg(
    'svg',
    { class: 'bar', viewBox: '0 0 100 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { width, height: 1 }),
  );
}

/** @param whose what the table is of, for those who cannot see what it is in */
export function table(caption: string, heads: string[], rows: Child[][], whose = ''): HTMLElement {
  const cells = (row: Child[]) =>
    row.map((cell, i) => (i === 0 ? el('th', { scope: 'row' }, cell) : el('td', {}, cell)));
  return el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${caption}${whose}` },
    el(
      'table',
      {},
      el('caption', {}, caption),
      el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))),
      el('tbody', {}, ...rows.map((row) => el('tr', {}, ...cells(row)))),
    ),
  );
}

function setAttributes(element: Element, attributes: Record<string, string | number | boolean>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
}

const nodes = (children: Child[]): (Node | string)[] =>
  children.filter((child) => child !== null).map((child) => (typeof child === 'number' ? String(child) : child));
