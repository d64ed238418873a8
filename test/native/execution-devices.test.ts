/** What OpenVINO's virtual devices run on. The package has the plugins of AUTO and HETERO; of devices, there is the CPU. */
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Embedder } from '../../lib/embedder.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { smallestCosine, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const model = join(folder, 'model');
beforeAll(() => writeTinyModel(tinyModels.mean, model));

const TEXTS = ['the sea', 'a river that is longer than the sea is deep', ''];

test.each(['CPU', 'AUTO:CPU', 'HETERO:CPU'])('%s runs on the CPU, and says so', async (device) => {
  const options = { cacheDir: join(folder, 'cache'), precision: 'f32', fallback: { probe: false } } as const;
  const cpu = await Embedder.load(model, { ...options, device: 'CPU', fallback: false });
  expect(cpu.info.devices[0]?.executionDevices).toEqual(['CPU']);
  const expected = await cpu.embed(TEXTS);
  await cpu.close();
  const embedder = await Embedder.load(model, { ...options, device });
  const [info] = embedder.info.devices;
  expect(info).toMatchObject({ device, state: 'ready', executionDevices: ['CPU'] });
  const { data, dimensions } = await embedder.embed(TEXTS);
  expect(smallestCosine(data, expected.data, dimensions)).toBeGreaterThan(0.9999);
  await embedder.close();
  expect(embedder.info.devices[0]?.executionDevices).toEqual(['CPU']);
});
