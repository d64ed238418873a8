/** One measurement in a process of its own: takes one job from the parent, answers with one message, and ends. */

process.once('message', async (/** @type {import('./processes.mjs').Job} */ job) => {
  try {
    const { run } = await import(`./cases/${job.case}.mjs`);
    answer({ result: await run(job) });
  } catch (error) {
    answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});

/** A library may keep threads or handles alive, so the process does not wait for them once the answer is out. */
function answer(message) {
  process.send(message, () => process.exit(0));
}
