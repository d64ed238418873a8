/** What is loaded once `@opentelemetry/api` is known to be there. */
import { setTimeout as delay } from 'node:timers/promises';
import { createNoopMeter, metrics, ProxyTracerProvider, trace } from '@opentelemetry/api';
import { calls } from '../call-watch.js';
import { requests } from '../server/request-watch.js';
import { VERSION } from '../version.js';
import { callRecorder } from './calls.js';
import type { Instrumentation, InstrumentOptions } from './index.js';
import { record } from './recorder.js';
import { requestRecorder } from './requests.js';

const FLUSH_MS = 5_000;

export function begin({
  tracerProvider = trace.getTracerProvider(),
  meterProvider = metrics.getMeterProvider(),
}: InstrumentOptions): Instrumentation {
  const scope = {
    tracer: tracerProvider.getTracer('ovembed', VERSION),
    meter: meterProvider.getMeter('ovembed', VERSION),
  };
  const ends = [record(calls, callRecorder(scope)), record(requests, requestRecorder(scope))];
  const real = () => [delegateOf(tracerProvider), meterProvider] as { forceFlush?(): Promise<void> }[];
  return {
    get isRecorded() {
      const isTraced = !(tracerProvider instanceof ProxyTracerProvider) || tracerProvider.getDelegateTracer('ovembed');
      return Boolean(isTraced) || scope.meter !== createNoopMeter();
    },
    async flush() {
      const sent = Promise.allSettled(real().map((provider) => provider.forceFlush?.()));
      await Promise.race([sent, delay(FLUSH_MS, undefined, { ref: false })]);
    },
    disable() {
      for (const end of ends.splice(0)) end();
    },
  };
}

/** The global provider stands for the one that is registered, which alone can be asked to send. */
function delegateOf(provider: NonNullable<InstrumentOptions['tracerProvider']>): object {
  return provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
}
