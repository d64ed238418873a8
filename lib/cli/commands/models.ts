/** `ovembed models`: what the hub's cache on this machine holds; `ovembed models remove`: less of it. */
import { type CachedModel, type CachedRevision, cachedModels, removeCachedModel } from '../../models/hub/inventory.js';
import { hubSettings } from '../../models/hub/settings.js';
import { EXIT } from '../exit-codes.js';
import { counted, megabytes } from '../figures.js';
import type { ModelFlags } from '../flags.js';
import { StdoutTarget } from '../output/targets.js';

/** Enough of a commit to tell it from others; the whole one is in `--json`. */
const COMMIT_DIGITS = 12;

/** @returns the exit code */
export async function listModels(flags: ModelFlags): Promise<number> {
  const { cache } = hubSettings();
  const models = await cachedModels(cache);
  const bytes = models.reduce((sum, model) => sum + model.bytes, 0);
  await print(flags.json ? JSON.stringify({ cache, bytes, models }, null, 2) : describe(cache, bytes, models));
  return EXIT.ok;
}

/** @returns the exit code */
export async function removeModel(id: string, flags: ModelFlags): Promise<number> {
  const { revisions, freedBytes } = await removeCachedModel(hubSettings().cache, id, flags.revision);
  if (flags.json) {
    await print(JSON.stringify({ model: id, revisions, freedBytes }));
  } else if (!flags.quiet) {
    await print(`Removed ${id} (${counted(revisions.length, 'revision')}): ${megabytes(freedBytes)} freed`);
  }
  return EXIT.ok;
}

function describe(cache: string, bytes: number, models: readonly CachedModel[]): string {
  if (models.length === 0) return `There are no models in ${cache}.`;
  const widest = Math.max(...models.map(({ id }) => id.length));
  const lines = models.flatMap((model) => [
    `${model.id.padEnd(widest)}  ${megabytes(model.bytes).padStart(10)}`,
    ...model.revisions.map(describeRevision),
  ]);
  return [...lines, '', `${counted(models.length, 'model')}, ${megabytes(bytes)} in ${cache}`].join('\n');
}

function describeRevision({ commit, refs, files, bytes, modified, complete }: CachedRevision): string {
  const name = [commit.slice(0, COMMIT_DIGITS), ...refs].join(' ');
  const lack = complete ? '' : ', not complete';
  return `  ${name}: ${counted(files, 'file')}, ${megabytes(bytes)}, of ${modified.slice(0, 10)}${lack}`;
}

async function print(text: string): Promise<void> {
  await new StdoutTarget().append(Buffer.from(`${text}\n`));
}
