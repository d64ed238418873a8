/** How figures are written. */

export function integer(value) {
  return Math.round(value).toLocaleString('en-GB');
}

export function decimals(digits) {
  return (value) => value.toFixed(digits);
}

export function megabytes(bytes) {
  return integer(bytes / 1e6);
}

/** Median and range over rounds; one round has no range. */
export function spread({ median, min, max }, format) {
  return min === max ? format(median) : `${format(median)} (${format(min)} to ${format(max)})`;
}

/** Options of a set-up, in one line. */
export function describe(options) {
  return Object.entries(options)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

export function firstLine(text) {
  return text.trim().split('\n')[0];
}
