/** Keeps work of one key from running side by side in this process. */

/** The last work of each key; none of them rejects. */
const last = new Map<string, Promise<unknown>>();

/** Runs `work` when all earlier work of the same key is over, however it ended. */
export async function oneAtATime<T>(key: string, work: () => Promise<T>): Promise<T> {
  const result = (last.get(key) ?? Promise.resolve()).then(work);
  const over = result.catch(() => {});
  last.set(key, over);
  try {
    return await result;
  } finally {
    if (last.get(key) === over) last.delete(key);
  }
}
