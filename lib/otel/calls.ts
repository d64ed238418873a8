/** Spans and metrics of calls: `gen_ai.client.*`. */
import { type Attributes, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { CallTotals, WatchedCall } from '../call-watch.js';
import {
  callMetricNames,
  DIMENSIONS,
  ERROR_TYPE,
  errorType,
  INPUT_TOKENS,
  MODEL,
  OPERATION,
  OPERATION_SECONDS,
  PROVIDER,
  PROVIDER_NAME,
  SERVER_ADDRESS,
  SERVER_PORT,
  TOKEN_TYPE,
  TOKENS,
} from './names.js';
import { type Recorder, runIn, type Scope } from './recorder.js';
import { servedRequest } from './requests.js';

interface Open {
  span: Span;
  startedAt: number;
}

/** Records calls. */
export function callRecorder({ tracer, meter }: Scope): Recorder<WatchedCall> {
  const names = callMetricNames();
  const duration = meter.createHistogram(names.duration, {
    unit: 's',
    description: 'Seconds of embedding calls.',
    advice: { explicitBucketBoundaries: OPERATION_SECONDS },
  });
  const tokens = meter.createHistogram(names.tokens, {
    unit: '{token}',
    description: 'Tokens that the model read in a call.',
    advice: { explicitBucketBoundaries: TOKENS },
  });
  const tokenType = names.tokens === 'gen_ai.client.token.usage' ? { [TOKEN_TYPE]: 'input' } : {};
  const open = new WeakMap<WatchedCall, Open>();
  return {
    start(call) {
      const attributes = { ...commonAttributes(call), ...askedAttributes(call) };
      const kind = call.server ? SpanKind.CLIENT : SpanKind.INTERNAL;
      const span = tracer.startSpan(`${call.operation} ${call.model}`, { kind, attributes });
      const inside = trace.setSpan(context.active(), span);
      if (call.headers) propagation.inject(inside, call.headers);
      runIn(call, inside);
      if (call.operation === 'embeddings') servedRequest(inside)?.embedded(call.model);
      open.set(call, { span, startedAt: performance.now() });
    },
    end(call) {
      const { span, startedAt } = open.get(call) ?? {};
      if (!span || startedAt === undefined) return;
      open.delete(call);
      const { totals } = call;
      const error = errorType(call.outcome);
      if (totals) span.setAttributes(totalAttributes(totals));
      if (error !== undefined) span.setAttribute(ERROR_TYPE, error).setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      if (call.operation !== 'embeddings') return;
      const common = commonAttributes(call);
      const seconds = (performance.now() - startedAt) / 1_000;
      duration.record(seconds, error === undefined ? common : { ...common, [ERROR_TYPE]: error });
      if (totals) tokens.record(totals.tokens, { ...common, ...tokenType });
    },
  };
}

/** Of spans and metrics. */
function commonAttributes({ operation, model, server }: WatchedCall): Attributes {
  return {
    [OPERATION]: operation,
    [PROVIDER]: PROVIDER_NAME,
    [MODEL]: model,
    ...(server && { [SERVER_ADDRESS]: server.address }),
    ...(server?.port !== undefined && { [SERVER_PORT]: server.port }),
  };
}

function askedAttributes({ method, dimensions, dtype, priority }: WatchedCall): Attributes {
  return {
    'ovembed.method': method,
    ...(dimensions !== undefined && { [DIMENSIONS]: dimensions }),
    ...(dtype && { 'ovembed.dtype': dtype }),
    ...(priority && { 'ovembed.priority': priority }),
  };
}

function totalAttributes({ texts, tokens, truncated, timings, metadata }: CallTotals): Attributes {
  return {
    [INPUT_TOKENS]: tokens,
    'ovembed.texts': texts,
    'ovembed.truncated': truncated,
    ...(metadata && {
      'ovembed.device': metadata.device,
      'ovembed.devices': metadata.devices,
      'ovembed.precision': metadata.precision,
      'ovembed.activations': metadata.activations,
      'ovembed.batches': metadata.batches,
      'ovembed.padded_tokens': metadata.paddedTokens,
      'ovembed.cache_hits': metadata.cacheHits,
      'ovembed.duplicates': metadata.duplicates,
    }),
    ...(timings && {
      'ovembed.tokenize_ms': timings.tokenizeMs,
      'ovembed.queue_ms': timings.queueMs,
      'ovembed.infer_ms': timings.inferMs,
      'ovembed.pool_ms': timings.poolMs,
    }),
  };
}
