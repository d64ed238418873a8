/**
 * node out-of-memory-search-child.cjs: bounds the address space of this process, searches with more candidates than fit, then
 * with a few, and prints what came of both as one line of JSON. Linux only.
 */
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { FlatIndex } = require('../../dist/vectors/index.js');

const CANDIDATES = 2 ** 28; // 1 GB, which is never touched
const HEADROOM = 512 * 2 ** 20;

void (async () => {
  const index = new FlatIndex({ dimensions: 1 });
  await index.add(Float32Array.of(1, 2));
  const query = Float32Array.of(1);
  const candidates = new Uint32Array(CANDIDATES);
  await index.search(query, { k: 1 });

  const size = Number(/^VmSize:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${size + HEADROOM}`]);
  const many = await index.search(query, { candidates }).then(
    () => 'done',
    ({ code, message }) => code ?? message,
  );
  const { scores } = await index.search(query, { candidates: candidates.subarray(0, 1) });
  console.log(JSON.stringify({ many, scores: [...scores] }));
})();
