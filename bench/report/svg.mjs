/**
 * Two kinds of chart as SVG: horizontal bars with a whisker from the lowest to the highest round, and lines.
 *
 * @typedef {{ kind: 'bars', title: string, unit: string, items: BarItem[] }} BarChart
 * @typedef {{ label: string, value: number, min?: number, max?: number }} BarItem
 * @typedef {{ kind: 'lines', title: string, xLabel: string, yLabel: string, logX: boolean, series: Series[] }} LineChart
 * @typedef {{ name: string, points: { x: number, y: number }[] }} Series
 */

const WIDTH = 540;
const COLOURS = ['#1565c0', '#d2691e', '#2e7d32', '#7b3fa0', '#b3261e', '#5d6b78'];
const TEXT = '#1b2733';
const GRID = '#dfe6ec';

/** Room for the title and for the names of lines. */
const TOP = 34;

const BAR = { height: 18, gap: 10, labels: 215, values: 70 };

/** @param {BarChart | LineChart} chart */
export function drawChart(chart) {
  return chart.kind === 'bars' ? barChart(chart) : lineChart(chart);
}

export function escapeXml(text) {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return String(text).replace(/[&<>"]/g, (character) => entities[character]);
}

function barChart({ title, unit, items }) {
  const height = TOP + items.length * (BAR.height + BAR.gap) + 6;
  const largest = Math.max(...items.map(({ value, max = value }) => max), Number.MIN_VALUE);
  const scale = (value) => (value / largest) * (WIDTH - BAR.labels - BAR.values);
  const rows = items.map((item, i) => barRow(item, TOP + i * (BAR.height + BAR.gap), scale));
  return svg(height, `${title}, ${unit}`, rows.join(''));
}

function barRow({ label, value, min = value, max = value }, y, scale) {
  const middle = y + BAR.height / 2;
  const [low, high] = [min, max].map((bound) => BAR.labels + scale(bound));
  const whisker =
    min === max ? '' : path(`M${low} ${middle - 4}v8M${low} ${middle}H${high}M${high} ${middle - 4}v8`, TEXT);
  return (
    textAt(BAR.labels - 8, middle, label, 'end') +
    `<rect x="${BAR.labels}" y="${y}" width="${round(scale(value))}" height="${BAR.height}" fill="${COLOURS[0]}"/>` +
    whisker +
    textAt(BAR.labels + scale(max) + 6, middle, short(value), 'start')
  );
}

const PLOT = { left: 58, right: 16, height: 200, bottom: 44 };

function lineChart({ title, xLabel, yLabel, logX, series }) {
  const top = TOP + (series.length > 1 ? series.length * 16 : 0);
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const largest = Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)), Number.MIN_VALUE);
  const yTicks = ticks(largest);
  const place = (x) => (logX ? Math.log(x) : x);
  const [first, last] = [place(xs[0]), place(xs.at(-1))];
  const toX = (x) => PLOT.left + ((place(x) - first) / (last - first || 1)) * (WIDTH - PLOT.left - PLOT.right);
  const toY = (y) => top + PLOT.height * (1 - y / yTicks.at(-1));
  const bottom = top + PLOT.height;
  const grid = yTicks.map(
    (y) =>
      path(`M${PLOT.left} ${round(toY(y))}H${WIDTH - PLOT.right}`, GRID) +
      textAt(PLOT.left - 6, toY(y), short(y), 'end'),
  );
  const marks = apart(xs, toX).map((x) => textAt(toX(x), bottom + 14, short(x), 'middle'));
  const label = textAt((PLOT.left + WIDTH - PLOT.right) / 2, bottom + 34, xLabel, 'middle');
  const lines = series.map((one, i) => lineOf(one, COLOURS[i % COLOURS.length], toX, toY));
  const legend = series.length > 1 ? series.map(({ name }, i) => legendRow(name, i)) : [];
  return svg(bottom + PLOT.bottom, `${title}, ${yLabel}`, [...grid, ...marks, label, ...lines, ...legend].join(''));
}

function lineOf({ points }, colour, toX, toY) {
  const steps = points.map(({ x, y }) => `${round(toX(x))} ${round(toY(y))}`);
  const dots = points.map(({ x, y }) => `<circle cx="${round(toX(x))}" cy="${round(toY(y))}" r="3" fill="${colour}"/>`);
  return path(`M${steps.join('L')}`, colour, 2) + dots.join('');
}

function legendRow(name, i) {
  const y = TOP + i * 16;
  return path(`M${PLOT.left} ${y}h18`, COLOURS[i % COLOURS.length], 2) + textAt(PLOT.left + 24, y, name, 'start');
}

/** From 0 to at least the largest value, in round steps. */
export function ticks(largest) {
  const rough = largest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil(largest / step - 1e-9) + 1 }, (_, i) => i * step);
}

/** Of marks that would overlap only the first, but always the last. */
function apart(values, place) {
  const kept = [];
  for (const value of [...values].reverse()) {
    if (kept.length === 0 || place(kept.at(-1)) - place(value) >= 44) kept.push(value);
  }
  return kept.reverse();
}

function svg(height, title, content) {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" ` +
    `aria-label="${escapeXml(title)}" font-family="system-ui, sans-serif" font-size="12">` +
    `<text x="0" y="16" font-size="14" font-weight="600" fill="${TEXT}">${escapeXml(title)}</text>${content}</svg>`
  );
}

function textAt(x, y, text, anchor) {
  const at = `x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" dominant-baseline="central"`;
  return `<text ${at} fill="${TEXT}">${escapeXml(text)}</text>`;
}

function path(steps, colour, width = 1) {
  return `<path d="${steps}" fill="none" stroke="${colour}" stroke-width="${width}"/>`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

/** Three significant digits, thousands as k. */
function short(value) {
  if (value >= 10_000) return `${Number((value / 1000).toPrecision(3))} k`;
  return value.toLocaleString('en-GB', { maximumSignificantDigits: 3 });
}
