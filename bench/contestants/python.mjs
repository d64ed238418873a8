/**
 * Python libraries, each in a child process that bench/python/server.py runs. Texts go there before the clock starts and
 * vectors come back after it has stopped; queries are timed in Python, so that no pipe is in their time.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pythonCommand } from '../python-peers.mjs';

/** @type {import('../contestants.mjs').Load} */
export async function load({ model, python }, { library, precision, batchSize }) {
  const folder = library === 'genai' ? python.models : model;
  const server = new Server(python.packages, [library, folder, precision, String(batchSize)]);
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

/** One JSON object a line in both directions. */
class Server {
  #child;
  #answers;

  constructor(packages, options) {
    const { command, args, env } = pythonCommand(packages, 'server.py', options);
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.on('error', () => {});
    this.#child.stdin.on('error', () => {});
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { done, value } = await this.#answers.next();
    if (done) throw new Error('the Python process ended; its message is above');
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  async close() {
    this.#child.stdin.end();
    if (this.#child.exitCode !== null) return;
    await new Promise((resolve) => this.#child.once('close', resolve));
  }
}
