/** What is loaded once `@opentelemetry/api` is known to be there. */
import { setTimeout as delay } from 'node:timers/promises';
import { createNoopMeter, metrics, ProxyTracerProvider, trace } from '@opentelemetry/api';
import { calls } from '../call-watch.js';
import { requests } from '../server/request-watch.js';
import { VERSION } from '../version.js';
import { callRecorder } from './calls.js';
import type { Instrumentation, InstrumentOptions } from './index.js';
import { listen } from './recorder.js';
import { requestRecorder } from './requests.js';

const FLUSH_MS = 5_000;

type Providers = Required<InstrumentOptions>;

/** Nothing is recorded twice, whoever asks: a program, and `ovembed serve --otel` that runs it. */
const begun = new Set<{ providers: Providers; instrumentation: Instrumentation }>();

export function begin({
  tracerProvider = trace.getTracerProvider(),
  meterProvider = metrics.getMeterProvider(),
}: InstrumentOptions): Instrumentation {
  for (const { providers, instrumentation } of begun) {
    if (providers.tracerProvider === tracerProvider && providers.meterProvider === meterProvider)
      return instrumentation;
  }
  const providers = { tracerProvider, meterProvider };
  const one = { providers, instrumentation: record(providers, () => begun.delete(one)) };
  begun.add(one);
  return one.instrumentation;
}

function record({ tracerProvider, meterProvider }: Providers, onDisable: () => void): Instrumentation {
  const scope = {
    tracer: tracerProvider.getTracer('ovembed', VERSION),
    meter: meterProvider.getMeter('ovembed', VERSION),
  };
  const ends = [listen(calls, callRecorder(scope)), listen(requests, requestRecorder(scope))];
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
      onDisable();
    },
  };
}

/** The global provider stands for the one that is registered, which alone can be asked to send. */
function delegateOf(provider: NonNullable<InstrumentOptions['tracerProvider']>): object {
  return provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
}
