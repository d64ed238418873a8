/**
 * node out-of-memory-child.cjs MODEL ROWS: bounds the address space of this process, runs a batch of so many rows that do not
 * fit, then a small one, and prints what came of both as one line of JSON. Linux only.
 */
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { native } = require('../../dist/native.js');

const [model, rows] = process.argv.slice(2);
const HEADROOM = 512 * 2 ** 20; // for V8, and for a small batch

void (async () => {
  const tokenizer = await native().loadTokenizer({ file: `${model}/tokenizer.json` });
  const pipeline = await native().loadPipeline({
    source: { kind: 'safetensors', file: `${model}/model.safetensors` },
    ...{ device: 'CPU', precision: 'f32', int8Weights: false, int8Activations: false, streams: 1, threads: 1 },
    ...{ pooling: ['MEAN'], modules: [], paddingSide: 'right', padTokenId: 0, shape: null, blobFile: null },
  });
  const encoding = tokenizer.encodeNow(['the sea'], { maxLength: 16, offsets: false, addSpecialTokens: true });
  const infer = (count) =>
    pipeline.infer([{ encoding, rows: new Uint32Array(count) }], {
      ...{ bucket: 64, output: 'pooled', dimensions: 0, normalize: true },
    });
  const [before] = [await infer(1)];

  const size = Number(/^VmSize:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${size + HEADROOM}`]);
  const large = await infer(Number(rows)).then(
    () => 'done',
    ({ code, message }) => code ?? message,
  );
  const after = await infer(1);
  const same = after.data.every((value, i) => value === before.data[i]);
  console.log(JSON.stringify({ large, same }));
  await pipeline.close();
  tokenizer.close();
})();
