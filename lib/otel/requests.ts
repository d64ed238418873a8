/** Spans and metrics of HTTP requests to servers of this process: `http.server.*`, and `gen_ai.server.*` of those that embed. */
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import type { WatchedRequest } from '../server/request-watch.js';
import {
  ERROR_TYPE,
  errorType,
  MODEL,
  OPERATION,
  OPERATION_SECONDS,
  PROVIDER,
  PROVIDER_NAME,
  REQUEST_SECONDS,
  SERVER_ADDRESS,
  SERVER_PORT,
} from './names.js';
import { type Recorder, runIn, type Scope } from './recorder.js';

/** A request under way. */
class Served {
  readonly startedAt = performance.now();
  /** Undefined where an instrumentation of HTTP has made one. */
  readonly span: Span | undefined;
  /** The first that embedded something for it. */
  model: string | undefined;

  constructor(span: Span | undefined) {
    this.span = span;
  }

  embedded(model: string): void {
    this.model ??= model;
  }
}

const SERVED = createContextKey('ovembed request');

/** The request in whose context something happens. */
export function servedRequest(inside: Context): Served | undefined {
  return inside.getValue(SERVED) as Served | undefined;
}

/** Where instrumentations of HTTP keep their request, so that frameworks can name its route (`@opentelemetry/core`). */
const RPC = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

/**
 * Whether an instrumentation of HTTP or of the user's app has made a span of the request; it is told the route. A span that is
 * over is one in which the server was started.
 */
function hasSpan(outer: Context, { route }: WatchedRequest): boolean {
  const rpc = outer.getValue(RPC) as { route?: string } | undefined;
  if (rpc && route !== undefined) rpc.route = route;
  return rpc !== undefined || trace.getSpan(outer)?.isRecording() === true;
}

/** Records requests. */
export function requestRecorder({ tracer, meter }: Scope): Recorder<WatchedRequest> {
  const duration = meter.createHistogram('http.server.request.duration', {
    unit: 's',
    description: 'Duration of HTTP server requests.',
    advice: { explicitBucketBoundaries: REQUEST_SECONDS },
  });
  const active = meter.createUpDownCounter('http.server.active_requests', {
    unit: '{request}',
    description: 'Number of active HTTP server requests.',
  });
  const embedding = meter.createHistogram('gen_ai.server.request.duration', {
    unit: 's',
    description: 'Seconds of requests that embedded something.',
    advice: { explicitBucketBoundaries: OPERATION_SECONDS },
  });
  const open = new WeakMap<WatchedRequest, Served>();
  return {
    start(request) {
      const outer = context.active();
      const isSpanned = hasSpan(outer, request);
      const parent = isSpanned ? outer : propagation.extract(trace.deleteSpan(outer), request.headers, HEADERS);
      const span = isSpanned ? undefined : startSpan(request, parent);
      const served = new Served(span);
      open.set(request, served);
      runIn(request, (span ? trace.setSpan(parent, span) : parent).setValue(SERVED, served));
      if (span) active.add(1, activeAttributes(request));
    },
    end(request) {
      const served = open.get(request);
      if (!served) return;
      open.delete(request);
      const seconds = (performance.now() - served.startedAt) / 1_000;
      const error = failureOf(request);
      if (served.span) {
        endSpan(served.span, request, error);
        active.add(-1, activeAttributes(request));
        duration.record(seconds, requestAttributes(request, error));
      }
      if (served.model !== undefined) embedding.record(seconds, embeddingAttributes(served.model, error));
    },
  };

  function startSpan(request: WatchedRequest, parent: Context): Span {
    const { method, route, path, scheme, headers } = request;
    const name = route === undefined ? method : `${method} ${route}`;
    const agent = headers['user-agent'];
    const attributes = {
      'http.request.method': method,
      'url.path': path,
      'url.scheme': scheme,
      'network.protocol.version': request.httpVersion,
      ...(route !== undefined && { 'http.route': route }),
      ...(agent !== undefined && { 'user_agent.original': agent }),
      ...addressOf(headers.host),
    };
    return tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  }
}

/** A trace goes on after the last hop: a second header of that name is one that a client's own instrumentation has added. */
const HEADERS: TextMapGetter<WatchedRequest['headers']> = {
  keys: Object.keys,
  get(headers, key) {
    const value = headers[key.toLowerCase()];
    return key === 'traceparent' && typeof value === 'string' ? value.split(',').at(-1)?.trim() : value;
  },
};

/** Only what is the server's fault, or has no answer, has failed: a client that is refused has got what it should. */
function failureOf({ status, outcome }: WatchedRequest): string | undefined {
  if (status !== undefined && status < 500) return undefined;
  return errorType(outcome) ?? String(status);
}

function endSpan(span: Span, { status }: WatchedRequest, error: string | undefined): void {
  if (status !== undefined) span.setAttribute('http.response.status_code', status);
  if (error !== undefined) span.setAttribute(ERROR_TYPE, error).setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

function activeAttributes({ method, scheme }: WatchedRequest): Attributes {
  return { 'http.request.method': method, 'url.scheme': scheme };
}

function requestAttributes(request: WatchedRequest, error: string | undefined): Attributes {
  const { route, status, httpVersion } = request;
  return {
    ...activeAttributes(request),
    'network.protocol.version': httpVersion,
    ...(route !== undefined && { 'http.route': route }),
    ...(status !== undefined && { 'http.response.status_code': status }),
    ...(error !== undefined && { [ERROR_TYPE]: error }),
  };
}

function embeddingAttributes(model: string, error: string | undefined): Attributes {
  return {
    [OPERATION]: 'embeddings',
    [PROVIDER]: PROVIDER_NAME,
    [MODEL]: model,
    ...(error !== undefined && { [ERROR_TYPE]: error }),
  };
}

function addressOf(host: string | undefined): Attributes {
  const [, address, port] = /^(.*?)(?::(\d+))?$/.exec(host ?? '') ?? [];
  if (!address) return {};
  return { [SERVER_ADDRESS]: address, ...(port !== undefined && { [SERVER_PORT]: Number(port) }) };
}
