/** A real SDK that keeps what it is given, registered for the process as a user's would be. */
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach } from 'vitest';
import { type Instrumentation, type InstrumentOptions, instrument } from '../../../lib/otel/index.js';

export const SECRET = 'the heron stands in cold water';

export interface Recorded {
  readonly spans: ReadableSpan[];
  /** By name; the points of all attributes. */
  metrics(): Promise<Record<string, { attributes: object; value: number | Histogram }[]>>;
  /** Forgets the spans, as is done after each test. */
  reset(): void;
  provider: NodeTracerProvider;
  instrumentation: Instrumentation;
}

export async function recording(options: InstrumentOptions = {}): Promise<Recorded> {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 1e9 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const instrumentation = await instrument({ tracerProvider: provider, meterProvider, ...options });
  afterEach(() => exporter.reset());
  afterAll(async () => {
    instrumentation.disable();
    await provider.shutdown();
    await meterProvider.shutdown();
  });
  return {
    get spans() {
      return exporter.getFinishedSpans();
    },
    async metrics() {
      await reader.forceFlush();
      const all =
        metricExporter
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? [];
      return Object.fromEntries(all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints as never]));
    },
    reset: () => exporter.reset(),
    provider,
    instrumentation,
  };
}

/** All that a span holds, in words. */
export const wordsOf = ({ name, attributes, events, status, links }: ReadableSpan) =>
  JSON.stringify({ name, attributes, events, status, links });

export const histogram = (point: { value: unknown } | undefined) => point?.value as Histogram;
