/**
 * node --import ./sdk.mjs app.mjs                                    spans and metrics of an app that embeds
 * NODE_OPTIONS="--import=./sdk.mjs" ovembed serve --otel             and of a server
 *
 * Prints them. For a collector, the exporters of @opentelemetry/exporter-trace-otlp-proto and
 * @opentelemetry/exporter-metrics-otlp-proto take the place of those of the console.
 */
import { metrics } from '@opentelemetry/api';
import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, ConsoleSpanExporter, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { instrument } from 'ovembed/otel';

new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(new ConsoleSpanExporter())] }).register();
const reader = new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const { flush } = await instrument();
process.once('beforeExit', flush);
