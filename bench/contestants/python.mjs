/**
 * Python libraries, each in a child process that bench/python/server.py runs. Texts go there before the clock starts and
 * vectors come back after it has stopped; queries are timed in Python, so that no pipe is in their time.
 */
import { PythonServer } from '../python-server.mjs';

/** @type {import('../contestants.mjs').Load} */
export async function load({ model, python }, { library, precision, batchSize }) {
  const folder = library === 'genai' ? python.models : model;
  const server = new PythonServer(python.packages, 'server.py', [library, folder, precision, String(batchSize)]);
  await server.ask({ do: 'ready' });
  return {
    setup: {},
    async prepare(texts) {
      await server.ask({ do: 'take', texts });
      return texts.length;
    },
    async embed(count) {
      await server.ask({ do: 'run' });
      return count;
    },
    async embedQuery(text) {
      const { vector } = await server.ask({ do: 'query', text });
      return vector;
    },
    timeQueries: async (text, repeats) => (await server.ask({ do: 'time', text, repeats })).milliseconds,
    rows: async () => (await server.ask({ do: 'rows' })).rows,
    memory: async () => (await server.ask({ do: 'memory' })).rss,
    close: () => server.close(),
  };
}
