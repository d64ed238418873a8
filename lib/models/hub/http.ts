/** GET with redirects followed by hand, so that the token goes to the hub only, and with a limit on silence. */
import { open } from 'node:fs/promises';
import { OvembedError } from '../../errors.js';
import type { HubSettings } from './settings.js';

const MOST_REDIRECTS = 10;
const REDIRECTS = [301, 302, 303, 307, 308];

/** An answer whose body is still to be read (`save`) or dropped (`discard`). */
export class HubAnswer {
  constructor(
    readonly status: number,
    /** Headers of the hub's own last answer: a storage host that it redirects to knows nothing of commits and hashes. */
    readonly hubHeaders: Headers,
    private readonly response: Response,
    private readonly guard: SilenceGuard,
  ) {}

  /** Size of the content in bytes, if stated. */
  get size(): number | null {
    const { headers } = this.response;
    // Of a compressed body the stated length is that of the compressed form.
    const ofBody = headers.has('content-encoding') ? null : headers.get('content-length');
    const size = Number(this.hubHeaders.get('x-linked-size') ?? ofBody ?? Number.NaN);
    return Number.isSafeInteger(size) ? size : null;
  }

  /** Writes the body to a file and returns its size in bytes. */
  async save(file: string, onBytes: (received: number) => void): Promise<number> {
    const handle = await open(file, 'wx');
    let received = 0;
    try {
      for await (const piece of this.response.body ?? []) {
        this.guard.alive();
        await handle.writeFile(piece);
        received += piece.length;
        if (this.size !== null && received > this.size) throw new Error(`more than the stated ${this.size} bytes came`);
        onBytes(received);
      }
      return received;
    } catch (error) {
      throw this.guard.explain(error);
    } finally {
      this.guard.release();
      await handle.close();
    }
  }

  async discard(): Promise<void> {
    this.guard.release();
    await this.response.body?.cancel().catch(() => {});
  }
}

/** @throws OvembedError `ERR_DOWNLOAD` if no answer comes; the signal's reason if aborted */
export async function hubGet(address: string, settings: HubSettings, signal?: AbortSignal): Promise<HubAnswer> {
  const hub = new URL(settings.endpoint).origin;
  const guard = new SilenceGuard(address, settings.timeoutMs, signal);
  try {
    let url = new URL(address);
    let hubHeaders = new Headers();
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const response = await fetch(url, {
        headers: headersFor(url, hub, settings),
        redirect: 'manual',
        signal: guard.signal,
      });
      guard.alive();
      if (url.origin === hub) hubHeaders = response.headers;
      const location = response.headers.get('location');
      if (!REDIRECTS.includes(response.status) || !location)
        return new HubAnswer(response.status, hubHeaders, response, guard);
      await response.body?.cancel();
      url = redirectTarget(location, url);
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects`);
  } catch (error) {
    guard.release();
    throw guard.explain(error);
  }
}

function headersFor(url: URL, hub: string, settings: HubSettings): Record<string, string> {
  // Sizes and hashes are those of the plain content.
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'ovembed' };
  return settings.token && url.origin === hub ? { ...headers, authorization: `Bearer ${settings.token}` } : headers;
}

function redirectTarget(location: string, from: URL): URL {
  const target = new URL(location, from);
  const allowed = from.protocol === 'https:' ? ['https:'] : ['https:', 'http:'];
  if (!allowed.includes(target.protocol))
    throw new Error(`a redirect to ${target.protocol}//${target.host} is not followed`);
  return target;
}

/** Aborts a request that delivers nothing for a while, and tells that apart from the caller's abort. */
class SilenceGuard {
  readonly signal: AbortSignal;
  private readonly timer: NodeJS.Timeout;
  private silent = false;

  constructor(
    private readonly address: string,
    private readonly timeoutMs: number,
    private readonly caller: AbortSignal | undefined,
  ) {
    const controller = new AbortController();
    this.timer = setTimeout(() => {
      this.silent = true;
      controller.abort();
    }, timeoutMs);
    this.signal = caller ? AbortSignal.any([caller, controller.signal]) : controller.signal;
  }

  alive(): void {
    this.timer.refresh();
  }

  release(): void {
    clearTimeout(this.timer);
  }

  /** The error to raise in place of `error`. */
  explain(error: unknown): unknown {
    if (this.caller?.aborted) return this.caller.reason;
    const reason = this.silent ? `nothing came for ${this.timeoutMs / 1000} s` : rootMessage(error);
    return downloadError(this.address, reason, error);
  }
}

/** `fetch` says only "fetch failed"; the reason is in its cause, for several addresses in an AggregateError. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && !error.message) return error.errors.map(rootMessage).join(', ');
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}

export function downloadError(address: string, reason: string, cause?: unknown): OvembedError {
  return new OvembedError(
    'ERR_DOWNLOAD',
    `${address} could not be downloaded: ${reason}. Check the network and HF_ENDPOINT, or work offline with a cached model.`,
    { cause },
  );
}
