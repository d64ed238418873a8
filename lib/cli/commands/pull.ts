/** `ovembed pull`: a model from the hub into its cache, or what has changed of it since. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelOrDefault, type ResolvedModel, resolveModel, TEMPORARY_NAME } from '../../models/index.js';
import { showDownload } from '../download.js';
import { EXIT } from '../exit-codes.js';
import { counted, duration, megabytes } from '../figures.js';
import type { ModelFlags } from '../flags.js';
import { Interruption } from '../interruption.js';
import { StdoutTarget } from '../output/targets.js';
import { commandLogger, note } from '../stderr.js';

/**
 * @param model default: `OVEMBED_MODEL`, else the default model
 * @returns the exit code
 */
export async function pull(model: string | undefined, flags: ModelFlags): Promise<number> {
  const interruption = new Interruption(() => note('Stopping: a later pull goes on from here.', flags));
  const display = showDownload(flags);
  const started = performance.now();
  const downloaded = new Set<string>();
  try {
    const resolved = await resolveModel(modelOrDefault(model), {
      revision: flags.revision,
      cacheDir: flags.cacheDir,
      offline: flags.offline,
      refresh: true,
      signal: interruption.signal,
      onProgress: (progress) => {
        downloaded.add(progress.file);
        display.update(progress);
      },
      ...commandLogger(flags),
    });
    display.stop();
    await report(resolved, downloaded.size, (performance.now() - started) / 1000, flags);
    return EXIT.ok;
  } catch (error) {
    if (error === interruption.signal.reason) return interruption.exitCode as number;
    throw error;
  } finally {
    display.stop();
    interruption.end();
  }
}

/** The folder on standard output, for scripts; with `--json` all that is known. */
async function report(
  model: ResolvedModel,
  downloadedFiles: number,
  seconds: number,
  flags: ModelFlags,
): Promise<void> {
  const { id, revision, folder } = model;
  const { files, bytes } = await sizeOf(folder);
  const all = { model: id, revision, folder, files, bytes, downloadedFiles, seconds };
  await new StdoutTarget().append(Buffer.from(flags.json ? `${JSON.stringify(all)}\n` : `${folder}\n`));
  const name = id === null ? 'A folder' : `${id}, revision ${revision}`;
  const news = downloadedFiles === 0 ? 'nothing new' : `${downloadedFiles} downloaded in ${duration(seconds)}`;
  note(`${name}: ${counted(files, 'file')}, ${megabytes(bytes)}, ${news}`, flags);
}

/** Without what another process is about to rename: it may be gone by now ("what another process left or is writing"). */
async function sizeOf(folder: string): Promise<{ files: number; bytes: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory() && !TEMPORARY_NAME.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(names.map(async (name) => (await stat(name)).size));
  return { files: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
