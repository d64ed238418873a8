/** The program of the process that tries a model: loads it, runs it once with a short and a longer text, and reports. */
import { Embedder } from '../embedder.js';
import { OvembedError } from '../errors.js';
import type { ProbeAnswer, ProbeRequest } from './run-probe.js';

const TEXTS = ['a', 'The quick brown fox jumps over the lazy dog. '.repeat(8)];

async function probe({ model, options }: ProbeRequest): Promise<ProbeAnswer> {
  try {
    const embedder = await Embedder.load(model, options);
    await embedder.embed(TEXTS);
    await embedder.close();
    return { ok: true };
  } catch (error) {
    const { message } = error as Error;
    return error instanceof OvembedError ? { ok: false, code: error.code, message } : { ok: false, message };
  }
}

// Whoever asked may be gone before the answer is there.
process.once('disconnect', () => process.exit());
process.once('message', (request: ProbeRequest) => {
  void probe(request).then((answer) => process.send?.(answer, () => process.disconnect()));
});
