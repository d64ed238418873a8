/**
 * Failures as the AI SDK tells them apart: by marks, so that its packages of any version know them and none need be installed.
 * An `OvembedError` stays one, with its code.
 */
import { mayRetry } from '../retries.js';

const mark = (name: string) => ({
  [Symbol.for('vercel.ai.error')]: true,
  [Symbol.for(`vercel.ai.error.AI_${name}`)]: true,
});

/** What may pass becomes an `APICallError` too: of those alone, `embed` and `embedMany` make another try, after what a header says. */
export function markRetryable(error: unknown): unknown {
  if (!mayRetry(error)) return error;
  const { retryAfterMs } = error;
  return Object.assign(error, mark('APICallError'), {
    url: 'ovembed',
    requestBodyValues: undefined, // texts are nobody's business
    statusCode: retryAfterMs === undefined ? 503 : 429,
    responseHeaders: retryAfterMs === undefined ? {} : { 'retry-after-ms': String(Math.ceil(retryAfterMs)) },
    isRetryable: true,
  });
}

export type ModelType = 'languageModel' | 'embeddingModel' | 'imageModel';

/** The SDK's `NoSuchModelError`. */
export function noSuchModel(modelId: string, modelType: ModelType): Error {
  const expected = modelType === 'embeddingModel' ? '' : ': ovembed has embedding models only';
  const error = new Error(`No such ${modelType}: ${modelId}${expected}.`);
  return Object.assign(error, mark('NoSuchModelError'), { name: 'AI_NoSuchModelError', modelId, modelType });
}

/** The SDK's `TooManyEmbeddingValuesForCallError`. */
export function tooManyValues(modelId: string, provider: string, most: number, values: readonly string[]): Error {
  const error = new Error(
    `Too many values for a single embedding call: ${values.length}, where ${most} are taken. embedMany cuts longer lists.`,
  );
  return Object.assign(error, mark('TooManyEmbeddingValuesForCallError'), {
    name: 'AI_TooManyEmbeddingValuesForCallError',
    provider,
    modelId,
    maxEmbeddingsPerCall: most,
    values,
  });
}
