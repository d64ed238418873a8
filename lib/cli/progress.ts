/** How far the work is, on standard error: a bar on a terminal, else a line every few seconds. */
import { type Options, SingleBar } from 'cli-progress';
import { counted, duration, grouped } from './figures.js';
import type { Tally } from './tally.js';

export interface Progress {
  /** Called after every text; cheap. */
  update(): void;
  /** Leaves the screen as it should stay. Nothing is shown afterwards. */
  stop(): void;
}

export const NO_PROGRESS: Progress = { update() {}, stop() {} };

const LINE_EVERY_MS = 5_000;

/** How bars look and behave in this command. */
export const BAR: Options = {
  stream: process.stderr,
  barsize: 24,
  barCompleteChar: '█',
  barIncompleteChar: '░',
  fps: 8,
  hideCursor: true,
  linewrap: true, // cuts the line at the terminal's width instead of breaking it
  clearOnComplete: true, // the summary says the same
  gracefulExit: false, // signals are the command's business
  forceRedraw: true, // rates and the remaining time change by themselves
  emptyOnZero: true,
};

export function showProgress(tally: Tally): Progress {
  return process.stderr.isTTY ? new ProgressBar(tally) : new ProgressLines(tally);
}

class ProgressBar implements Progress {
  readonly #tally: Tally;
  readonly #bar: SingleBar;

  constructor(tally: Tally) {
    this.#tally = tally;
    this.#bar = new SingleBar({ ...BAR, format: tally.totalBytes === undefined ? '{status}' : '{bar} {status}' });
    this.#bar.start(tally.totalBytes ?? 0, 0, { status: statusOf(tally) });
  }

  update(): void {
    this.#bar.update(this.#tally.bytes, { status: statusOf(this.#tally) });
  }

  stop(): void {
    this.#bar.stop();
  }
}

class ProgressLines implements Progress {
  readonly #timer: NodeJS.Timeout;

  constructor(tally: Tally) {
    this.#timer = setInterval(() => process.stderr.write(`${statusOf(tally)}\n`), LINE_EVERY_MS);
    this.#timer.unref();
  }

  update(): void {}

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** `45 %, 12,345 texts, 703 texts/s, 42,000 tokens/s, ETA 1:20`; without share and ETA where the total is not known. */
export function statusOf(tally: Tally): string {
  const { share, secondsLeft } = tally;
  const parts = [counted(tally.texts, 'text')];
  if (tally.texts > 0)
    parts.push(`${grouped(tally.textsPerSecond)} texts/s, ${grouped(tally.tokensPerSecond)} tokens/s`);
  if (share !== undefined) parts.unshift(`${Math.floor(share * 100)} %`);
  if (secondsLeft !== undefined) parts.push(`ETA ${duration(secondsLeft)}`);
  return parts.join(', ');
}
