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

/** What is shown. */
export interface Shown {
  /** Bytes of the whole input; undefined if they are not known. */
  readonly totalBytes: number | undefined;
  /** Of them, those that are done. */
  readonly bytes: number;
  /** In words. */
  status(): string;
}

export function showProgress(shown: Shown): Progress {
  return process.stderr.isTTY ? new ProgressBar(shown) : new ProgressLines(shown);
}

class ProgressBar implements Progress {
  readonly #shown: Shown;
  readonly #bar: SingleBar;

  constructor(shown: Shown) {
    this.#shown = shown;
    this.#bar = new SingleBar({ ...BAR, format: shown.totalBytes === undefined ? '{status}' : '{bar} {status}' });
    this.#bar.start(shown.totalBytes ?? 0, shown.bytes, { status: shown.status() });
  }

  update(): void {
    this.#bar.update(this.#shown.bytes, { status: this.#shown.status() });
  }

  stop(): void {
    this.#bar.stop();
  }
}

class ProgressLines implements Progress {
  readonly #timer: NodeJS.Timeout;

  constructor(shown: Shown) {
    this.#timer = setInterval(() => process.stderr.write(`${shown.status()}\n`), LINE_EVERY_MS);
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
