/** Results that are held back until the device is known to be well. */
import { describe, expect, test } from 'vitest';
import { CHECK, FakeChain, type FakePipeline, fails } from './fake-devices.js';

/** A device whose results are held back, and one whose are not. */
function pair() {
  const chain = new FakeChain(['NPU', 'CPU'], {}, false, ['NPU']);
  const [npu, cpu] = chain.pipelines as [FakePipeline, FakePipeline];
  return { chain, npu, cpu };
}

/** Holds up the short text until it is let go, one run at a time. */
function heldUp(npu: FakePipeline) {
  const runs: (() => void)[] = [];
  npu.behaviour = ([row]) => (row === CHECK ? new Promise<void>((resolve) => runs.push(resolve)) : undefined);
  return runs;
}

const isCheck = ([row]: number[]) => row === CHECK;

describe('a batch of a device whose vectors can be told to be wrong', () => {
  test('is handed out when a text that was run after it has come out right', async () => {
    const { chain, npu, cpu } = pair();
    const runs = heldUp(npu);
    let isOver = false;
    const ran = chain.start([1]).finally(() => (isOver = true));
    await chain.pass(0);
    expect([npu.tries, isOver]).toEqual([[[1], [CHECK]], false]);
    await chain.pass(500);
    runs[0]?.();
    expect((await ran).result).toMatchObject({ data: Float32Array.of(1), ranOn: { device: 'NPU' } });
    expect(cpu.tries).toEqual([]);
    const counts = { batches: 1, failures: 0, retries: 0, hangs: 0 };
    expect(chain.devices[0]?.info).toMatchObject({ latencyMs: 0, counts }); // of the batch alone
  });

  test('shares the text with others, but only one that began after it', async () => {
    const { chain, npu } = pair();
    const runs = heldUp(npu);
    const over: number[] = [];
    const start = (row: number) => void chain.start([row]).then(() => over.push(row));
    start(1);
    await chain.pass(0);
    for (const row of [2, 3, 4]) start(row);
    await chain.pass(0);
    expect(npu.tries.filter(isCheck).length).toBe(1);
    runs[0]?.();
    await chain.pass(0);
    expect([over, npu.tries.filter(isCheck).length]).toEqual([[1], 2]);
    runs[1]?.();
    await chain.pass(0);
    expect([over, npu.tries.filter(isCheck).length]).toEqual([[1, 2, 3, 4], 2]);
  });

  test('leaves its place to others meanwhile', async () => {
    const { chain, npu } = pair();
    const runs = heldUp(npu);
    const ran = chain.start([1]);
    await chain.pass(0);
    expect(chain.fallback.concurrency).toBe(3);
    runs[0]?.();
    await ran;
    expect(chain.fallback.concurrency).toBe(2);
  });

  test('is computed elsewhere if the text comes out wrong, and the device is left alone', async () => {
    const { chain, npu, cpu } = pair();
    npu.isWrong = true;
    const rans = await Promise.all([chain.run([1]), chain.run([2])]);
    expect(rans.map(({ result }) => result)).toMatchObject([
      { data: Float32Array.of(1), ranOn: { device: 'CPU' } },
      { data: Float32Array.of(2), ranOn: { device: 'CPU' } },
    ]);
    expect([npu.tries.filter((rows) => !isCheck(rows)), cpu.tries.length]).toEqual([[[1], [2]], 2]);
    expect(chain.devices[0]?.info).toMatchObject({ state: 'failing', reason: 'wrong', counts: { batches: 0 } });
    expect(chain.events[0]).toBe('NPU down');
    await chain.pass(1_000);
    expect(chain.devices[0]?.state).toBe('failing');
    npu.isWrong = false;
    await chain.pass(2_000);
    expect((await chain.run([3])).result?.ranOn?.device).toBe('NPU');
  });

  test('is never handed out wrong where there is no other device', async () => {
    const chain = new FakeChain(['NPU'], {}, false, ['NPU']);
    const [npu] = chain.pipelines as [FakePipeline];
    npu.isWrong = true;
    const { error } = await chain.run([1]);
    expect(error).toMatchObject({ code: 'ERR_DEVICE_FAILED', cause: { message: 'wrong' } });
    npu.behaviour = ([row]) => (row === 1 ? [1] : undefined);
    expect((await chain.run([1, 2])).error).toMatchObject({ cause: { message: 'wrong' } }); // nor beside NaN
    npu.isWrong = false;
    expect((await chain.run([2])).result?.data[0]).toBe(2);
  });

  test('waits for another run at once where one fails without a vector', async () => {
    const { chain, npu, cpu } = pair();
    let left = 2;
    npu.behaviour = (rows) => (isCheck(rows) && left-- > 0 ? fails() : undefined);
    const fine = await chain.run([1]);
    expect([fine.result?.ranOn?.device, fine.ms, npu.tries.length]).toEqual(['NPU', 0, 4]);
    left = 3;
    const second = await chain.run([2]);
    expect([second.result?.ranOn?.device, second.ms >= 100]).toEqual(['NPU', true]);
    expect([npu.tries.filter(([row]) => row === 2).length, cpu.tries.length]).toEqual([2, 0]);
    expect(chain.devices[0]?.state).toBe('ready');
  });

  test('ends at once when it is cancelled', async () => {
    const { chain, npu } = pair();
    const runs = heldUp(npu);
    const ran = chain.start([1], 77);
    await chain.pass(0);
    chain.fallback.cancel(77);
    expect((await ran).error).toMatchObject({ code: 'ERR_CLOSED' });
    let isClosed = false;
    const closed = chain.fallback.close().then(() => (isClosed = true));
    await chain.pass(0);
    expect([isClosed, npu.closed]).toEqual([false, 0]);
    runs[0]?.();
    await closed;
    expect(npu.closed).toBe(1);
  });
});

test("pieces of a batch that was cut are held back, too; a device that goes wrong is not the text's fault", async () => {
  const chain = new FakeChain(['NPU'], {}, false, ['NPU']);
  const [npu] = chain.pipelines as [FakePipeline];
  npu.behaviour = (rows) => (rows.includes(11) ? fails() : undefined);
  const { result } = await chain.run([10, 11]);
  expect(result?.failures?.map(({ position }) => position)).toEqual([1]);
  const of10 = npu.tries.findIndex(([row, ...others]) => row === 10 && others.length === 0);
  expect(npu.tries[of10 + 1]).toEqual([CHECK]);
  npu.behaviour = (rows) => {
    if (rows.length > 1) fails();
    npu.isWrong = rows[0] === 10 || npu.isWrong; // from the first piece on
  };
  expect((await chain.run([10, 12])).error).toMatchObject({ message: 'wrong' });
});
