/** Whether what a process holds has grown, by samples taken every second. */

/**
 * @typedef {object} Sample
 * @property {number} seconds      since the start
 * @property {number} rss          resident MB, garbage collected
 * @property {number} heap         of JavaScript, MB
 * @property {number} threads
 * @property {number} descriptors
 * @property {number} texts        embedded so far
 */

/** OpenVINO's own rule for its memory tests: moving medians of five, after a warm-up, at most five of them over 110 %. */
const WINDOW = 5;
const GROWTH = 1.1;
const OUTLIERS = 5;
/** Samples to judge by. */
const LEAST = 30;

/** Texts by which all pipelines are compiled and every shape was met, however slow the machine is. */
const WARM_TEXTS = 4_000;

/**
 * How many samples come before it is judged: those of so many texts, and a third of a short run, two minutes of a long one.
 * @param {readonly Sample[]} samples
 */
function warmUp(samples) {
  const cold = samples.filter(({ texts }) => texts < WARM_TEXTS).length;
  return Math.max(cold, Math.min(120, Math.floor(samples.length / 3)));
}

/**
 * @param {readonly Sample[]} samples
 * @returns {string[]} what has grown; empty when nothing did
 */
export function judge(samples) {
  const rest = samples.slice(warmUp(samples));
  if (rest.length < LEAST) return [`${rest.length} samples after ${WARM_TEXTS} texts are too few to judge by`];
  const problems = [];
  const medians = movingMedians(rest.map(({ rss }) => rss));
  const limit = GROWTH * /** @type {number} */ (medians[0]);
  const over = medians.filter((value) => value > limit).length;
  if (over > OUTLIERS) problems.push(`memory: ${over} of ${medians.length} medians are over ${limit.toFixed(0)} MB`);
  for (const what of /** @type {const} */ (['threads', 'descriptors'])) {
    const [before, after] = halves(rest.map((sample) => sample[what])).map((half) => Math.max(...half));
    if (after > before) problems.push(`${what}: from ${before} to ${after}`);
  }
  return problems;
}

/** @param {readonly number[]} values */
function movingMedians(values) {
  return values.slice(WINDOW - 1).map((_, i) => median(values.slice(i, i + WINDOW)));
}

/** @param {readonly number[]} values */
function median(values) {
  return /** @type {number} */ ([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]);
}

/** @param {readonly number[]} values */
function halves(values) {
  const middle = Math.floor(values.length / 2);
  return [values.slice(0, middle), values.slice(middle)];
}

/**
 * Some twenty lines, evenly over the run, and by how much memory grows in an hour (least squares after the warm-up).
 * @param {readonly Sample[]} samples
 */
export function table(samples) {
  const step = Math.max(1, Math.ceil(samples.length / 20));
  const rows = samples.filter((_, i) => i % step === step - 1);
  const line = (/** @type {(string | number)[]} */ cells) => cells.map((cell) => String(cell).padStart(11)).join(' ');
  const lines = rows.map(({ seconds, rss, heap, threads, descriptors, texts }) =>
    line([seconds.toFixed(0), rss.toFixed(1), heap.toFixed(1), threads, descriptors, texts]),
  );
  const header = line(['s', 'RSS MB', 'heap MB', 'threads', 'descriptors', 'texts']);
  return [
    header,
    ...lines,
    `RSS in the judged part: ${slope(samples.slice(warmUp(samples))).toFixed(1)} MB per hour`,
  ].join('\n');
}

/** @param {readonly Sample[]} samples */
function slope(samples) {
  const mean = (/** @type {(sample: Sample) => number} */ of) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [x, y] = [mean(({ seconds }) => seconds), mean(({ rss }) => rss)];
  const xy = mean(({ seconds, rss }) => (seconds - x) * (rss - y));
  return (3_600 * xy) / mean(({ seconds }) => (seconds - x) ** 2);
}
