/** Several devices at work at once. */
import { expect, test } from 'vitest';
import { FakeWorld, vectorOf } from '../fake-native.js';
import { loadFake } from '../load-fake.js';
import { FakeChain, fails, runAll } from './fake-devices.js';

/** Two devices, of which the second takes four times as long for a batch. */
function pair() {
  const chain = new FakeChain(['GPU.0', 'GPU.1'], {}, true);
  const takes = (ms: number) => () => new Promise<void>((resolve) => void chain.clock.after(ms, resolve));
  const [quick, slow] = chain.pipelines as [(typeof chain.pipelines)[0], (typeof chain.pipelines)[0]];
  quick.behaviour = takes(10);
  slow.behaviour = takes(40);
  return { chain, quick, slow };
}

test('each device does what it is quick enough for, and every batch comes back once', async () => {
  const { chain, quick, slow } = pair();
  expect(chain.fallback.concurrency).toBe(4);
  const { outcomes, ms } = await runAll(chain, 200);
  outcomes.forEach(({ result }, row) => {
    expect(result?.data[0]).toBe(row);
  });
  expect(quick.tries.length + slow.tries.length).toBe(200);
  expect(quick.tries.length / slow.tries.length).toBeGreaterThan(3);
  expect(quick.tries.length / slow.tries.length).toBeLessThan(5);
  expect(ms).toBeLessThan(1_000); // the quick one alone: 1,000
});

test('one that fails leaves its share to the others', async () => {
  const { chain, slow } = pair();
  slow.behaviour = fails;
  const { outcomes } = await runAll(chain, 100);
  outcomes.forEach(({ result }, row) => {
    expect(result?.data[0]).toBe(row);
  });
  expect(chain.devices.map(({ state }) => state)).toEqual(['ready', 'failing']);
  expect(chain.fallback.concurrency).toBe(2);
});

test('all devices of the machine compute in the precision of the first', async () => {
  const world = new FakeWorld();
  const capabilities = ['FP32', 'BF16', 'FP16'];
  world.devices = ['CPU', 'GPU.0', 'GPU.1'].map((name) => ({ name, fullName: name, capabilities, driver: null }));
  const embedder = await loadFake(world, { distribute: true, precision: 'f16', fallback: { delayMs: 1 } });
  expect(embedder.info.devices).toMatchObject(
    ['CPU', 'GPU.0', 'GPU.1'].map((device) => ({ device, state: 'ready', precision: 'f16' })),
  );
  const texts = Array.from({ length: 200 }, (_, i) => `text ${i}`);
  const { data, metadata } = await embedder.embed(texts);
  expect([...metadata.devices].sort()).toEqual(['CPU', 'GPU.0', 'GPU.1']);
  expect([...data]).toEqual(texts.flatMap((text) => [...vectorOf(text)]));
  await embedder.close();
  await expect(loadFake(world, { distribute: true, fallback: false })).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
  });
  await expect(loadFake(world, { distribute: true, device: 'CPU', fallback: true })).rejects.toThrow('distribute');
});
