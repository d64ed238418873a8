/** A script of bench/python in a child process: one JSON object a line in both directions. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pythonCommand } from './python-peers.mjs';

export class PythonServer {
  #child;
  #answers;

  /**
   * @param {string} packages a folder for `PYTHONPATH`
   * @param {string} script of bench/python
   * @param {string[]} options
   */
  constructor(packages, script, options) {
    const { command, args, env } = pythonCommand(packages, script, options);
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.on('error', () => {});
    this.#child.stdin.on('error', () => {});
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }

  async answer() {
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
