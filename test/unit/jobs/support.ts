/** All of a stream: what `Array.fromAsync` does, which Node 20 lacks. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
