/** `--clean html,nfkc,whitespace` as options of `clean`. */
import { InvalidArgumentError } from 'commander';
import type { CleanOptions } from '../text/index.js';

const STEPS: Readonly<Record<string, CleanOptions>> = {
  html: { html: true },
  markdown: { markdown: true },
  'markdown-no-code': { markdown: { code: 'drop' } },
  invisible: { invisible: true },
  nfc: { normalize: 'NFC' },
  nfkc: { normalize: 'NFKC' },
  typography: { typography: true },
  whitespace: { whitespace: 'lines' },
  'single-line': { whitespace: 'single' },
};

/** Steps of which one at most makes sense. */
const EITHER = [
  ['html', 'markdown', 'markdown-no-code'],
  ['nfc', 'nfkc'],
  ['whitespace', 'single-line'],
];

export const CLEAN_FLAG = '--clean <steps>';
export const CLEAN_HELP = `clean texts first; some of ${Object.keys(STEPS).join(', ')}`;

/** @throws InvalidArgumentError for a step that there is not, or two that exclude each other */
export function parseCleanFlag(value: string): CleanOptions {
  const names = value.split(',').map((name) => name.trim().toLowerCase());
  const unknown = names.find((name) => !Object.hasOwn(STEPS, name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no step "${unknown}"; there are ${Object.keys(STEPS).join(', ')}.`);
  }
  for (const group of EITHER) {
    const [one, other] = group.filter((name) => names.includes(name));
    if (other !== undefined) throw new InvalidArgumentError(`Either ${one} or ${other}.`);
  }
  return Object.assign({}, ...names.map((name) => STEPS[name]));
}
