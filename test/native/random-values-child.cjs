/**
 * node random-values-child.cjs MODEL FROM TO: calls every native entry with random JavaScript values. Prints the number of
 * each case before it runs, so that whoever reads knows which one the process died of; a call that throws or rejects
 * with anything but an Error ends the process with 3.
 */
const { writeSync } = require('node:fs');
const { join } = require('node:path');
const { native } = require('../../dist/native.js');

const [model, from, to] = process.argv.slice(2);

/** xorshift32, as in scripts/models/random.mjs, which no CommonJS can require on every Node. */
class Random {
  constructor(number) {
    this.state = Math.imul(number + 1, 2_654_435_761) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  next() {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  below(limit) {
    return this.next() % limit;
  }

  pick(choices) {
    return choices[this.below(choices.length)];
  }
}

/** A value that is gone by the time it is read: what a caller may do between two lines of native code. */
function detached(array) {
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

const throwing = () => {
  throw new Error('a getter that throws');
};

/** Makers, so that every case has values of its own. */
const SCALARS = [
  ...[undefined, null, true, false, 0, -0, 1, 2, 3, 7, 16, -1, 0.5, 1e9, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 1e308],
  ...[NaN, Infinity, -Infinity, 10n, 2n ** 70n, '', 'x', 'MEAN', 'CPU', 'f32', 'pooled', 'left', 'safetensors', '\0'],
  ...['\ud800', 'x'.repeat(70_000), `${model}/model.safetensors`, `${model}/tokenizer.json`, '/', '/dev/null'],
].map((value) => () => value);
const OBJECTS = [
  () => ({}),
  () => [],
  () => [[]],
  () => Symbol('s'),
  () => () => 1,
  () => new Map(),
  () => new Date(NaN),
  () => Promise.resolve(1),
  () => Object.create(null),
  () => new Proxy({}, { get: throwing }),
  () => new Proxy([1, 2], { get: (target, key) => (key === 'length' ? 70_000 : target[key]) }),
  () => Object.defineProperty({}, 'job', { get: throwing }),
  () => ({ toString: throwing, valueOf: throwing }),
  () => new Uint32Array([0, 1, 2]),
  () => new Uint32Array(),
  () => new Uint32Array([4_294_967_295]),
  () => new Uint8Array(4),
  () => new Float64Array(2),
  () => new Uint32Array(new SharedArrayBuffer(8)),
  () => detached(new Uint32Array(4)),
  () => new DataView(new ArrayBuffer(8)),
  () => Array(50_000).fill('a'),
  () => Array(1_000),
];

/** Sound handles and wrong ones in their places; behind the first FIXED, what calls gave goes on to be a wrong one. */
let handles;
const FIXED = 6;
const MADE = 2;

function anything(random, depth = 0) {
  const kind = random.below(10);
  if (kind < 4) return random.pick(SCALARS)();
  if (kind < 7) return random.pick(OBJECTS)();
  if (kind < 8) return random.pick(handles);
  if (depth > 2) return undefined;
  const values = Array.from({ length: random.below(4) }, () => anything(random, depth + 1));
  return kind === 8 ? values : { ...values, encoding: values[0], rows: values[1], type: values[2] };
}

const isPlain = (value) =>
  Array.isArray(value) ||
  (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);

/** Paths of all that a value consists of, itself included. */
function places(value, path = []) {
  const inside = isPlain(value) ? Object.keys(value).flatMap((key) => places(value[key], [...path, key])) : [];
  return [path, ...inside];
}

function changed(value, [key, ...rest], change) {
  if (key === undefined) return change(value);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[key] = changed(copy[key], rest, change);
  return copy;
}

/** Wrong in one place, so that all checks but one are passed; as often as not it is a handle, and another one in its place. */
function spoiltOnce(random, sound) {
  const isHandle = (path) => handles.includes(path.reduce((value, key) => value[key], sound));
  const [, ...inside] = places(sound);
  const ofHandles = inside.filter(isHandle);
  if (ofHandles.length > 0 && random.below(2) === 0) {
    return changed(sound, random.pick(ofHandles), () => random.pick(handles));
  }
  return inside.length === 0 ? sound : changed(sound, random.pick(inside), () => anything(random));
}

/** A sound argument, or a spoilt one, with some of its members exchanged, so that what is read last is reached, too. */
function spoilt(random, sound) {
  if (random.below(3) === 0) return anything(random);
  if (Array.isArray(sound) && sound.length < 100)
    return sound.map((each) => (random.below(3) === 0 ? spoilt(random, each) : each));
  if (!isPlain(sound)) {
    return random.below(2) ? sound : anything(random);
  }
  const copy = { ...sound };
  const keys = Object.keys(copy);
  for (let left = random.below(3); left >= 0; left--) {
    const key = random.pick(keys);
    if (random.below(4) === 0) delete copy[key];
    else copy[key] = random.below(2) ? anything(random) : spoilt(random, copy[key]);
  }
  return copy;
}

/** Each entry with an argument list that is right. Those that write or compile are never given one that is. */
function entries({ tokenizer, encoding, pipeline }) {
  const addon = native();
  const encode = { maxLength: 16, offsets: true, addSpecialTokens: true, excludedPrompt: 'the', job: 1 };
  const infer = { bucket: 16, output: 'pooled', dimensions: 0, normalize: true, job: 2 };
  const source = { kind: 'safetensors', file: join(model, 'missing.safetensors'), files: ['x.safetensors'] };
  const load = {
    ...{ source, device: 'CPU', precision: 'f32', int8Weights: false, int8Activations: false, streams: 1, threads: 1 },
    ...{ pooling: ['MEAN'], modules: [{ type: 'normalize' }, { type: 'layerNorm', file: 'x', dimension: 4 }] },
    ...{ paddingSide: 'right', padTokenId: 0, shape: { rows: 1, width: 16 }, blobFile: null },
  };
  const batches = [{ rows: new Uint32Array([0]), bucket: 16 }];
  return [
    [tokenizer, 'encode', [['the sea', new Uint32Array([2, 5, 3])], encode]],
    [tokenizer, 'encodeNow', [['the sea', new Uint32Array([2, 5, 3])], encode]],
    [tokenizer, 'decode', [[new Uint32Array([2, 5])], true]],
    [tokenizer, 'cancel', [1]],
    [encoding, 'tokens', []],
    [pipeline, 'infer', [[{ encoding, rows: new Uint32Array([0]) }], infer]],
    [pipeline, 'cancel', [2]],
    [addon, 'loadTokenizer', [{ file: join(model, 'config.json'), lowerCase: true }]],
    [addon, 'loadPipeline', [load]],
    [addon, 'convertModel', [{ source, weights: 'f16', file: '/dev/null/x.xml' }]],
    [addon, 'quantizeModel', [{ source, encoding, batches, padTokenId: 0, file: '/dev/null/x.xml' }]],
    [addon, 'modelReport', [{ ...load, widths: new Uint32Array([16]), asksDevice: true }]],
    [addon, 'deviceProperties', ['CPU']],
    [addon, 'lockFile', ['/dev/null/lock']],
    [addon, 'devices', []],
    [addon, 'trimHeap', []],
    [addon, 'availableCpus', []],
  ];
}

async function runCase(number, fresh) {
  const random = new Random(number);
  const [self, name, sound] = random.pick(entries(fresh));
  const given =
    random.below(2) === 0
      ? [...spoiltOnce(random, sound)]
      : sound.map((each) => (random.below(8) === 0 ? each : spoilt(random, each)));
  while (random.below(6) === 0) given.push(anything(random));
  while (random.below(8) === 0) given.pop();
  const receiver = random.below(20) === 0 ? anything(random) : self;
  try {
    const result = await self[name].call(receiver, ...given);
    if (typeof result === 'object' && result !== null) handles[FIXED + random.below(MADE)] = result;
    if (typeof result === 'function') result();
  } catch (error) {
    if (error instanceof Error) return;
    writeSync(1, `case ${number}: ${name} threw ${String(error)}\n`);
    process.exit(3);
  }
}

async function soundHandles() {
  const tokenizer = await native().loadTokenizer({ file: join(model, 'tokenizer.json') });
  const options = { maxLength: 16, offsets: false, addSpecialTokens: true };
  const encoding = await tokenizer.encode(['the sea', 'a'], options);
  const pipeline = await native().loadPipeline({
    source: { kind: 'safetensors', file: join(model, 'model.safetensors') },
    ...{ device: 'CPU', precision: 'f32', int8Weights: false, int8Activations: false, streams: 1, threads: 1 },
    ...{ pooling: ['MEAN'], modules: [], paddingSide: 'right', padTokenId: 0, shape: null, blobFile: null },
  });
  const released = await tokenizer.encode(['gone'], options);
  released.release();
  handles = [tokenizer, encoding, pipeline, released, native(), tokenizer.constructor];
  handles.push(...Array(MADE).fill({}));
  return { tokenizer, encoding, pipeline };
}

void (async () => {
  const sound = await soundHandles();
  const rows = [{ encoding: sound.encoding, rows: new Uint32Array([0, 1]) }];
  const infer = () => sound.pipeline.infer(rows, { bucket: 16, output: 'pooled', dimensions: 0, normalize: true });
  const before = (await infer()).data;
  for (let number = Number(from); number < Number(to); number++) {
    writeSync(1, `${number}\n`);
    await runCase(number, sound);
  }
  const after = (await infer()).data;
  console.log(after.every((value, i) => value === before[i]) ? 'same' : 'different');
  await sound.pipeline.close();
})();
