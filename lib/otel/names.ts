/**
 * Names of OpenTelemetry's semantic conventions: HTTP (stable, 1.23) and generative AI (in development). The latter's metrics of
 * embeddings were renamed in 2026; dashboards read the names of 1.37 until then, so the new ones are for who asks for them, by the
 * variable that the conventions have for it.
 */
export const OPERATION = 'gen_ai.operation.name';
export const PROVIDER = 'gen_ai.provider.name';
export const PROVIDER_NAME = 'ovembed';
export const MODEL = 'gen_ai.request.model';
export const DIMENSIONS = 'gen_ai.embeddings.dimension.count';
export const INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const TOKEN_TYPE = 'gen_ai.token.type';
export const ERROR_TYPE = 'error.type';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';

const LATEST = 'gen_ai_latest_experimental';

/** Metrics of embedding calls. */
export function callMetricNames(optIn = process.env.OTEL_SEMCONV_STABILITY_OPT_IN ?? '') {
  const isLatest = optIn.split(',').some((name) => name.trim() === LATEST);
  return isLatest
    ? { duration: 'gen_ai.client.embeddings.duration', tokens: 'gen_ai.client.embeddings.operation.input_tokens' }
    : { duration: 'gen_ai.client.operation.duration', tokens: 'gen_ai.client.token.usage' };
}

/** Bounds of buckets as the conventions give them: seconds of an operation, its tokens, seconds of a request. */
export const OPERATION_SECONDS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
export const TOKENS = Array.from({ length: 14 }, (_, i) => 4 ** i);
export const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The outcome of something that went wrong, as the conventions word it; undefined: nothing did. */
export function errorType(outcome = 'ok'): string | undefined {
  if (outcome === 'ok') return undefined;
  return outcome === 'ERROR' ? '_OTHER' : outcome;
}
