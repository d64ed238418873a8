/** Numbers as people read them; no line breaks between a number and its unit. */
const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** Three digits of what is small, all of what is large. */
export const number = (value: number): string => (Math.abs(value) < 1_000 ? short : whole).format(round(value));

const round = (value: number) => (Math.abs(value) < 1_000 ? value : Math.round(value));

/** @param value null: not known */
export const ms = (value: number | null): string => (value === null ? '–' : `${number(value)}\u00a0ms`);

export const percent = (fraction: number | null): string =>
  fraction === null ? '–' : `${Math.round(100 * fraction)}\u00a0%`;

export function bytes(value: number): string {
  const unit = ['B', 'KiB', 'MiB', 'GiB'].findIndex((_, i) => value < 1_024 ** (i + 1) || i === 3);
  return `${number(value / 1_024 ** unit)}\u00a0${['B', 'KiB', 'MiB', 'GiB'][unit]}`;
}

export function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}
