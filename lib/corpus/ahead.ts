/** Work on several items side by side, with results in the order of the items. */

/** Most items that are under way. */
const MOST_ITEMS = 16;

interface Begun<T, R> {
  item: T;
  cost: number;
  result: Promise<R>;
}

/**
 * Begins work on items while the results of earlier ones are waited for, and never waits for an item when there is a result.
 * @param work must not reject
 * @param mostCost what items that are under way may cost together; one may cost more
 */
export async function* ahead<T, R>(
  items: AsyncIterator<T>,
  { work, costOf, mostCost }: { work(item: T): Promise<R>; costOf(item: T): number; mostCost: number },
): AsyncGenerator<{ item: T; result: R }, void, undefined> {
  const begun: Begun<T, R>[] = [];
  let cost = 0;
  let reading: Promise<IteratorResult<T>> | undefined;
  let isOver = false;
  while (!isOver || begun.length > 0) {
    const [first] = begun;
    const hasRoom = !isOver && begun.length < MOST_ITEMS && cost < mostCost;
    if (hasRoom) {
      reading ??= items.next();
      // Looked at when its turn comes; what was read before it comes first.
      reading.catch(() => {});
      const step = first
        ? await Promise.race([reading.catch(() => undefined), first.result.then(() => undefined)])
        : await reading;
      if (step) {
        reading = undefined;
        if (step.done) isOver = true;
        else {
          const { value: item } = step;
          begun.push({ item, cost: costOf(item), result: work(item) });
          cost += costOf(item);
        }
        continue;
      }
    }
    if (!first) continue;
    begun.shift();
    cost -= first.cost;
    yield { item: first.item, result: await first.result };
  }
}
