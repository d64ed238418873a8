/** Asks for one vector after the other while faults are injected, and prints how each call ended as one line of JSON. */
const [folder, model, cacheDir, calls, timeoutMs, fallback] = process.argv.slice(2);

async function main() {
  const { Embedder } = require(folder);
  const embedder = await Embedder.load(model, {
    device: 'CPU',
    precision: 'f32',
    cacheDir,
    fallback: fallback === 'true',
  });
  const endings = [];
  for (let call = 0; call < Number(calls); call++) {
    const started = performance.now();
    const ending = await embedder.embedQuery('the sea', { timeoutMs: Number(timeoutMs) }).then(
      (vector) => ({ vector: [...vector] }),
      ({ code }) => ({ code }),
    );
    endings.push({ ...ending, took: performance.now() - started });
  }
  await embedder.close();
  return { endings };
}

void main()
  .catch((error) => ({ code: error.code, message: error.message, cause: String(error.cause?.message) }))
  .then((result) => console.log(JSON.stringify(result)));
