/** Names of files on the disk. */
import { open } from 'node:fs/promises';

/** So that the names of its files survive a crash of the machine too. Windows has no such thing. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
