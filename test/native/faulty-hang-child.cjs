/** Stops a batch that hangs, at the seam or through the public API, and prints what came of it as one line of JSON. */
const [folder, model, cacheDir, way] = process.argv.slice(2);
const { native } = require(`${folder}/dist/native.js`);
const { Embedder } = require(folder);

const ending = (promise) =>
  promise.then(
    () => 'done',
    ({ code, message }) => code ?? message,
  );

/** The first passage hangs. */
async function seam() {
  const tokenizer = await native().loadTokenizer({ file: `${model}/tokenizer.json` });
  const pipeline = await native().loadPipeline({
    source: { kind: 'safetensors', file: `${model}/model.safetensors` },
    device: 'CPU',
    precision: 'f32',
    int8Weights: false,
    int8Activations: false,
    streams: 1,
    threads: 1,
    pooling: ['MEAN'],
    modules: [],
    paddingSide: 'right',
    padTokenId: 0,
    shape: null,
    blobFile: null,
  });
  const encoding = tokenizer.encodeNow(['the sea'], { maxLength: 16, offsets: false, addSpecialTokens: true });
  const infer = (job) => {
    const parts = [{ encoding, rows: new Uint32Array([0]) }];
    return ending(pipeline.infer(parts, { bucket: 16, output: 'pooled', dimensions: 0, normalize: true, job }));
  };
  const hung = infer(1);
  const early = await Promise.race([hung, new Promise((resolve) => setTimeout(resolve, 300, 'hangs'))]);
  const behind = infer(2);
  pipeline.cancel(1);
  const endings = [early, await hung, await behind, await infer(3)];
  tokenizer.close();
  await pipeline.close();
  return endings;
}

/** A passage hangs after those of loading; the call that meets it is aborted. `cacheDir` knows what loading measures. */
async function api() {
  const embedder = await Embedder.load(model, { device: 'CPU', precision: 'f32', cacheDir });
  const endings = [];
  for (let call = 0; call < 100; call++) {
    const caller = new AbortController();
    const timer = setTimeout(() => caller.abort(new Error('left')), 1_500);
    endings.push(await ending(embedder.embedQuery('the sea', { signal: caller.signal, timeoutMs: 0 })));
    clearTimeout(timer);
  }
  await embedder.close();
  return endings;
}

void { seam, api }[way]().then((endings) => console.log(JSON.stringify(endings)));
