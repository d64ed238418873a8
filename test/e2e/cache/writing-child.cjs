/** node writing-child.cjs FOLDER MAX_BYTES FIRST   writes records into a disk level from number FIRST on, until it is killed. */
const { createHash } = require('node:crypto');
const { DiskLevel } = require('../../../dist/cache/disk-level.js');
const { encodeRecord } = require('../../../dist/cache/record.js');

const [path, maxBytes, first] = process.argv.slice(2);
const level = new DiskLevel({ path, maxBytes: Number(maxBytes) });

function writeOf(n) {
  const key = `ovembed:v1:${createHash('sha256').update(`${n}`).digest('hex')}`;
  const data = Float32Array.from({ length: 384 }, (_, i) => Math.sin(n * 384 + i));
  return { key, record: encodeRecord(key, { data, tokens: n, originalTokens: n, truncated: false }) };
}

async function main() {
  for (let n = Number(first); ; n += 16) {
    await level.set(Array.from({ length: 16 }, (_, i) => writeOf(n + i)));
    process.stdout.write(`${n}\n`);
  }
}

void main();
