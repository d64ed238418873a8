/** What goes wrong between here and the hub, and what a user can do about it. */
import { OvembedError } from '../../errors.js';

/** One request that failed. */
export class RequestFailure extends Error {
  readonly address: string;
  /** The same request may succeed a little later. */
  readonly passing: boolean;
  /** Milliseconds that the server asks to be left alone for. */
  readonly waitMs: number | undefined;

  constructor(
    address: string,
    reason: string,
    options: { passing: boolean; waitMs?: number | undefined; cause?: unknown },
  ) {
    super(reason, { cause: options.cause });
    this.address = address;
    this.passing = options.passing;
    this.waitMs = options.waitMs;
  }
}

/** @param attempts how often it was tried, if more than once */
export function downloadError({ address, message, cause, waitMs }: RequestFailure, attempts = 1): OvembedError {
  const tries = attempts > 1 ? ` (${attempts} tries)` : '';
  const wait = waitMs === undefined ? '' : `; the server asks to come back in ${Math.ceil(waitMs / 1000)} s`;
  return new OvembedError(
    'ERR_DOWNLOAD',
    `${address} could not be downloaded: ${message}${tries}${wait}. ` +
      'Check the network, its proxy (HTTPS_PROXY) and HF_ENDPOINT, or work offline with a cached model.',
    { cause },
  );
}

/** What an answer of the hub itself says beside its status. */
export interface Refusal {
  status: number;
  /** `X-Error-Code` and `X-Error-Message`. */
  code: string;
  message: string;
}

/** The error for a model that the hub does not give; undefined where the answer says nothing of the kind. */
export function refusalError(
  refusal: Refusal,
  id: string,
  revision: string,
  endpoint: string,
): OvembedError | undefined {
  const { status, code } = refusal;
  const said = refusal.message ? ` (the hub: "${refusal.message}")` : '';
  if (code === 'RevisionNotFound' || (code === 'RepoNotFound' && status === 404)) {
    return new OvembedError('ERR_MODEL_NOT_FOUND', `The hub has no model ${id} with the revision ${revision}${said}.`);
  }
  if (code === 'GatedRepo') {
    return new OvembedError(
      'ERR_DOWNLOAD',
      `The model ${id} is gated, HTTP ${status}${said}. Ask for access at ${endpoint}/${id}, then set HF_TOKEN to a token ` +
        'of that account that may read it.',
    );
  }
  if (status === 401 || status === 403) {
    return new OvembedError(
      code === 'RepoNotFound' ? 'ERR_MODEL_NOT_FOUND' : 'ERR_DOWNLOAD',
      `HTTP ${status} for ${endpoint}/${id}${said}: the model does not exist, or it is private or gated. Check the name; for ` +
        'a private or gated model, set HF_TOKEN to a token that may read it.',
    );
  }
  if (status === 451 || refusal.message === 'Access to this resource is disabled.') {
    return new OvembedError('ERR_DOWNLOAD', `The hub has disabled the model ${id}, HTTP ${status}${said}.`);
  }
  return undefined;
}
