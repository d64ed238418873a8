/** Clocks of the cases. */

/** Milliseconds of each of `count` calls, one after another. */
export async function timeEach(count, call) {
  const milliseconds = [];
  for (let i = 0; i < count; i++) milliseconds.push(await timeOnce(call));
  return milliseconds;
}

/** Milliseconds of one call. */
export async function timeOnce(call) {
  const start = performance.now();
  await call();
  return performance.now() - start;
}

/** Resident bytes once everything collectable is gone; finalizers of native memory run in turns of the loop. */
export async function settledRss() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage.rss();
}
