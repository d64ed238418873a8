/** A line of what happened of late; the number beside it says what is now. */
import { el, fill, say, svg } from './dom.js';
import { SPAN_SECONDS } from './history.js';

const HEIGHT = 40;

export class Chart {
  readonly #values: (number | null)[] = [];
  readonly #line = svg('path', { class: 'line' });
  readonly #area = svg('path', { class: 'area' });
  readonly #most = el('span', { class: 'quiet' });
  readonly #write: (value: number) => string;

  /** @param write a value with its unit */
  constructor(element: HTMLElement, label: string, write: (value: number) => string) {
    this.#write = write;
    const viewBox = `0 0 ${SPAN_SECONDS - 1} ${HEIGHT}`;
    const picture = svg(
      'svg',
      { class: 'chart', viewBox, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      this.#area,
      this.#line,
    );
    fill(element, el('p', { class: 'label' }, label, ' ', this.#most), picture);
  }

  /** @param value null: nothing was measured */
  add(value: number | null): void {
    this.#values.push(value);
    if (this.#values.length > SPAN_SECONDS) this.#values.shift();
    const most = Math.max(0, ...this.#values.map((one) => one ?? 0));
    say(this.#most, most > 0 ? `at most ${this.#write(most)}` : 'nothing yet');
    const offset = SPAN_SECONDS - this.#values.length;
    const y = (one: number) => (HEIGHT - 1 - ((HEIGHT - 2) * one) / (most || 1)).toFixed(1);
    const runs = this.#values.map((one, i) => {
      const isFirst = i === 0 || this.#values[i - 1] === null;
      return one === null ? '' : `${isFirst ? 'M' : 'L'}${i + offset} ${y(one)}${isFirst ? 'h0.3' : ''}`;
    });
    this.#line.setAttribute('d', runs.join(''));
    const points = this.#values.map((one, i) => `L${i + offset} ${y(one ?? 0)}`).join('');
    this.#area.setAttribute('d', `M${offset} ${HEIGHT}${points}V${HEIGHT}Z`);
  }
}
