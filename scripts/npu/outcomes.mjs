/** Outcomes of a run, a line each as they come, so that one that was interrupted can go on. */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { describe } from './matrix.mjs';

export class Outcomes {
  #file;
  #known = new Map();

  /**
   * @param {string} file
   * @param {boolean} goesOn  whether what is in the file counts; the caller answers for the graphs being the same
   */
  constructor(file, goesOn) {
    this.#file = file;
    if (!goesOn) rmSync(file, { force: true });
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
      const outcome = parsed(line);
      if (outcome) this.#known.set(describe(outcome), outcome);
    }
  }

  /** @param {import('./matrix.mjs').Case} wanted */
  of(wanted) {
    return this.#known.get(describe(wanted));
  }

  keep(outcome) {
    this.#known.set(describe(outcome), outcome);
    appendFileSync(this.#file, `${JSON.stringify(outcome)}\n`);
  }
}

/** A line that was cut is none. */
function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
