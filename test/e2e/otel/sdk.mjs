/** `node --import`: an SDK that writes spans as lines of JSON to the file of OTEL_TEST_FILE, once it is told to flush. */
import { appendFileSync } from 'node:fs';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { name, attributes, parentSpanContext } = span;
      const line = { name, attributes, parent: parentSpanContext?.spanId, ...span.spanContext() };
      appendFileSync(process.env.OTEL_TEST_FILE, `${JSON.stringify(line)}\n`);
    }
    done({ code: 0 });
  },
  shutdown: async () => {},
};
new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 3_600_000 })],
}).register();
