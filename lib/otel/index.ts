/** OpenTelemetry: `ovembed/otel`. Spans and metrics of calls and requests. Needs `@opentelemetry/api`, and an SDK of yours. */
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { importPeers, OTEL_PACKAGES } from '../peers.js';

/** Whose spans and metrics they become. */
export interface InstrumentOptions {
  /** Default: the one that is registered globally. */
  tracerProvider?: TracerProvider;
  /** Default: the one that is registered globally before `instrument` is called. */
  meterProvider?: MeterProvider;
}

/** What `instrument` began. */
export interface Instrumentation {
  /** Whether an SDK takes what is recorded; false: nobody does. */
  readonly isRecorded: boolean;
  /** Asks the providers to send what they hold, where they can be asked. Resolves in 5 seconds at the latest. */
  flush(): Promise<void>;
  /** Records nothing more; spans of calls under way are dropped. */
  disable(): void;
}

/**
 * Records, once for the same providers, spans and metrics of all embedders of this process, of all models of servers that are used from here
 * (`Embedder.connect`), and of requests to servers in this process. The names are those of OpenTelemetry's conventions; no text
 * is recorded.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` where `@opentelemetry/api` is not installed
 */
export async function instrument(options: InstrumentOptions = {}): Promise<Instrumentation> {
  const load = () => import('./instrumentation.js');
  const { begin } = await importPeers(load, 'OpenTelemetry spans and metrics', OTEL_PACKAGES);
  return begin(options);
}
