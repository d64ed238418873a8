/**
 * node child.cjs PEERS MODEL FOLDER NAME…: loads and uses ovembed and packages of PEERS in the order of the names, then all
 * of them again, and lets the process end by itself. Prints a line of JSON: what each gave, twice.
 */
const { createRequire } = require('node:module');
const { join } = require('node:path');

const [peers, model, folder, ...names] = process.argv.slice(2);
const requirePeer = createRequire(join(peers, 'package.json'));

/** The ONNX graph y = x, two floats (opset 13). */
const IDENTITY = 'CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggCYg8KAXkSCgoICAESBAoCCAJCBAoAEA0=';

/** Each gives a function that uses it and gives something to compare. */
const loaders = {
  ovembed: async () => {
    const { Embedder } = require('../../../dist/index.js');
    const embedder = await Embedder.load(model, { precision: 'f32', cacheDir: join(folder, 'cache') });
    return async () => [...(await embedder.embedQuery('the river runs past the old mill')).slice(0, 4)];
  },
  'onnxruntime-node': async () => {
    const { InferenceSession, Tensor } = requirePeer('onnxruntime-node');
    const session = await InferenceSession.create(Buffer.from(IDENTITY, 'base64'));
    return async () => [...(await session.run({ x: new Tensor('float32', [1, 2], [2]) })).y.data];
  },
  sharp: async () => {
    const sharp = requirePeer('sharp');
    const image = { create: { width: 64, height: 64, channels: 3, background: '#123456' } };
    return async () => [...(await sharp(image).resize(1, 1).raw().toBuffer())];
  },
  lmdb: async () => {
    const database = requirePeer('lmdb').open({ path: join(folder, 'lmdb') });
    return async () => {
      await database.put('key', [1, 2, 3]);
      return database.get('key');
    };
  },
  'openvino-node': async () => {
    const { addon } = requirePeer('openvino-node');
    const core = new addon.Core();
    return async () => core.getAvailableDevices().includes('CPU');
  },
};

void (async () => {
  const used = {};
  const uses = [];
  for (const name of names) {
    const use = await loaders[name]();
    used[name] = [await use()];
    uses.push([name, use]);
  }
  // Side by side, as a server would.
  await Promise.all(uses.map(async ([name, use]) => used[name].push(await use())));
  console.log(JSON.stringify(used));
})();
