/** How far a download is, on standard error: a bar on a terminal, else a line every few seconds. */
import { SingleBar } from 'cli-progress';
import type { DownloadProgress } from '../index.js';
import { megabytes } from './figures.js';
import { BAR } from './progress.js';
import { type Manner, note } from './stderr.js';

const LINE_EVERY_MS = 2_000;

export interface DownloadDisplay {
  /** For the `onProgress` option. */
  update(progress: DownloadProgress): void;
  /** Leaves the screen as it should stay. Nothing is shown afterwards. */
  stop(): void;
}

export function showDownload(manner: Manner): DownloadDisplay {
  if (manner.quiet || manner.json) return { update() {}, stop() {} };
  return process.stderr.isTTY ? new DownloadBar() : new DownloadLines(manner);
}

/** One bar, which each file fills anew. */
class DownloadBar implements DownloadDisplay {
  readonly #bar = new SingleBar({ ...BAR, format: '{bar} {status}' });
  readonly #speed = new Speed();

  update(progress: DownloadProgress): void {
    const { receivedBytes, totalBytes } = progress;
    const status = `${statusOf(progress)}${this.#speed.after(progress)}`;
    if (!this.#bar.isActive) this.#bar.start(totalBytes ?? 0, receivedBytes, { status });
    this.#bar.setTotal(totalBytes ?? 0);
    this.#bar.update(receivedBytes, { status });
  }

  stop(): void {
    if (this.#bar.isActive) this.#bar.stop();
  }
}

class DownloadLines implements DownloadDisplay {
  readonly #manner: Manner;
  #last = performance.now();

  constructor(manner: Manner) {
    this.#manner = manner;
  }

  update(progress: DownloadProgress): void {
    if (performance.now() - this.#last < LINE_EVERY_MS) return;
    this.#last = performance.now();
    note(`Downloading ${statusOf(progress)}`, this.#manner);
  }

  stop(): void {}
}

/** Of the file that is coming, since its first piece. */
class Speed {
  #file = '';
  #since = 0;
  #from = 0;

  /** `, 12.3 MB/s`; empty before that says anything. */
  after({ file, receivedBytes }: DownloadProgress): string {
    if (file !== this.#file) {
      this.#file = file;
      this.#since = performance.now();
      this.#from = receivedBytes;
    }
    const seconds = (performance.now() - this.#since) / 1000;
    return seconds < 1 ? '' : `, ${megabytes(Math.max(0, receivedBytes - this.#from) / seconds)}/s`;
  }
}

/** `model.safetensors: 12.3 MB of 90.9 MB`. */
export function statusOf({ file, receivedBytes, totalBytes }: DownloadProgress): string {
  const total = totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`;
  return `${file}: ${megabytes(receivedBytes)}${total}`;
}
