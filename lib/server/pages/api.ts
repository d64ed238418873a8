/** The server that the page is from. The key stays in this tab: it is in no address and in no storage that outlives it. */
const KEY = 'ovembed-key';
const TIMEOUT_MS = 30_000;

/** Of an answer that is a failure; `message` is the server's. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}

export const keepKey = (key: string): void => sessionStorage.setItem(KEY, key);

export async function ask<T>(path: string, body?: object): Promise<{ answer: T; headers: Headers }> {
  const key = sessionStorage.getItem(KEY);
  const response = await fetch(path, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    body: body ? JSON.stringify(body) : null,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    cache: 'no-store',
  });
  const answer = await response.json().catch(() => null);
  if (response.ok) return { answer: answer as T, headers: response.headers };
  const message = answer?.error?.message ?? answer?.message ?? `The server answered ${response.status}.`;
  throw new Refused(response.status, message, Number(response.headers.get('retry-after-ms') ?? 0));
}

export interface Vectors {
  vectors: number[][];
  tokens: number;
  device: string;
  /** On the server. */
  totalMs: number;
}

export async function embed(model: string, input: string[], inputType: string): Promise<Vectors> {
  const { answer, headers } = await ask<{ data: { embedding: number[] }[]; usage: { total_tokens: number } }>(
    'v1/embeddings',
    { model, input, priority: 'interactive', ...(inputType && { input_type: inputType }) },
  );
  const timing = headers.get('server-timing') ?? '';
  return {
    vectors: answer.data.map(({ embedding }) => embedding),
    tokens: answer.usage.total_tokens,
    device: headers.get('x-ovembed-device') ?? '',
    totalMs: Number(/total;dur=([\d.]+)/.exec(timing)?.[1] ?? Number.NaN),
  };
}
