/**
 * GET /api/embed?text=…: the vector of a query.
 * POST /api/embed { "texts": […] }: those of documents.
 */
import { Embedder, OvembedError } from 'ovembed';

export const runtime = 'nodejs'; // the edge runtime has no native code

/** One model for the process: in development, modules are loaded anew at every change. */
async function load() {
  globalThis.embedder ??= Embedder.load();
  try {
    return await globalThis.embedder;
  } catch (error) {
    globalThis.embedder = undefined; // so that the next request tries again
    throw error;
  }
}

export async function GET(request) {
  const text = new URL(request.url).searchParams.get('text') ?? '';
  return answer(async () => {
    const embedder = await load();
    const embedding = await embedder.embedQuery(text, { signal: request.signal });
    return { embedding: Array.from(embedding), fingerprint: embedder.info.fingerprint };
  });
}

export async function POST(request) {
  return answer(async () => {
    const { texts } = await request.json();
    const embedder = await load();
    const embeddings = await embedder.embedDocuments(texts, { signal: request.signal, timeoutMs: 30_000 });
    return { embeddings: embeddings.toArrays(), fingerprint: embedder.info.fingerprint };
  });
}

const STATUS = { ERR_INVALID_ARGUMENT: 400, ERR_INPUT_TOO_LONG: 400, ERR_OVERLOADED: 429, ERR_QUEUE_TIMEOUT: 429 };

async function answer(work) {
  try {
    return Response.json(await work());
  } catch (error) {
    if (error instanceof SyntaxError) return failure(400, 'ERR_JSON', 'The body is not valid JSON.');
    if (!(error instanceof OvembedError)) throw error;
    return failure(STATUS[error.code] ?? 503, error.code, error.message);
  }
}

function failure(status, code, message) {
  return Response.json({ error: { code, message } }, { status });
}
