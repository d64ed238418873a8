/** What the hub's cache holds, whoever put it there, and how to get rid of it. */
import { lstat, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { OvembedError } from '../../errors.js';
import { ignoreMissing, TEMPORARY_NAME } from '../files.js';
import { LocalCache } from './local-cache.js';

const REPO_PREFIX = 'models--';

export interface CachedModel {
  /** `org/name`. */
  id: string;
  /** Absolute path. */
  folder: string;
  /** On the disk: files of several revisions count once, and so do those that are still incomplete. */
  bytes: number;
  revisions: CachedRevision[];
}

export interface CachedRevision {
  /** The commit, or the name of another immutable version. */
  commit: string;
  /** Branches and tags that stood there when they were last asked for, sorted. */
  refs: string[];
  /** Absolute path. */
  folder: string;
  files: number;
  /** Of the revision's files, whether other revisions share them or not. */
  bytes: number;
  /** When it was last written to, in ISO 8601. */
  modified: string;
  /** Every file that ovembed needs of it is there. */
  complete: boolean;
}

/** The models in the cache by name, with their revisions by age, the newest one first; none if there is no cache. */
export async function cachedModels(hubCache: string): Promise<CachedModel[]> {
  const names = (await readdir(hubCache).catch(ignoreMissing)) ?? [];
  const models: CachedModel[] = [];
  for (const name of names.filter((name) => name.startsWith(REPO_PREFIX)).sort()) {
    const id = name.slice(REPO_PREFIX.length).replaceAll('--', '/');
    const folder = join(hubCache, name);
    const revisions = await revisionsOf(hubCache, id, folder);
    models.push({ id, folder, bytes: await diskBytes(folder), revisions });
  }
  return models;
}

export interface Removal {
  id: string;
  /** Commits. */
  revisions: string[];
  freedBytes: number;
}

/**
 * Removes a model, or one revision of it, from the cache. Files that other revisions share stay. What uses the model at that
 * moment is not asked.
 *
 * @param revision a branch, a tag or a commit; default: all, and with them all that the cache has of the model
 * @throws OvembedError `ERR_MODEL_NOT_FOUND` if the cache does not have it; the file system's errors
 */
export async function removeCachedModel(hubCache: string, id: string, revision?: string): Promise<Removal> {
  const model = (await cachedModels(hubCache)).find((cached) => cached.id === id);
  const revisions = model?.revisions ?? [];
  const chosen = revisions.filter(({ commit, refs }) => revision === undefined || [commit, ...refs].includes(revision));
  if (!model || (revision !== undefined && chosen.length === 0)) {
    const known = revisions.flatMap(({ commit, refs }) => [...refs, commit]).join(', ') || 'no revision';
    const what = model ? `${known} of ${id}, but not ${revision}` : `no model ${id}`;
    throw new OvembedError('ERR_MODEL_NOT_FOUND', `${hubCache} has ${what}. "ovembed models" lists what there is.`);
  }
  if (chosen.length === revisions.length) {
    await rm(model.folder, { recursive: true, force: true });
    return { id, revisions: revisions.map(({ commit }) => commit), freedBytes: model.bytes };
  }
  for (const one of chosen) await removeRevision(model, one);
  const freedBytes = model.bytes - (await diskBytes(model.folder));
  return { id, revisions: chosen.map(({ commit }) => commit), freedBytes };
}

/** In an order that leaves nothing that names what is gone, should it end in the middle. */
async function removeRevision({ folder, revisions }: CachedModel, { commit, refs }: CachedRevision): Promise<void> {
  const own = await blobsOf(folder, join(folder, 'snapshots', commit));
  for (const other of revisions) {
    if (other.commit === commit) continue;
    for (const blob of await blobsOf(folder, other.folder)) own.delete(blob);
  }
  for (const ref of refs) await rm(join(folder, 'refs', ref), { force: true });
  for (const kind of ['snapshots', '.no_exist']) await rm(join(folder, kind, commit), { recursive: true, force: true });
  await rm(join(folder, 'trees', `${commit}.json`), { force: true });
  for (const blob of own) await rm(blob, { force: true });
}

/** The blobs of this repository that a snapshot links to. */
async function blobsOf(folder: string, snapshot: string): Promise<Set<string>> {
  const blobs = join(await realpath(folder), 'blobs') + sep;
  const targets = await Promise.all((await filesBelow(snapshot)).map((file) => realpath(file).catch(ignoreMissing)));
  return new Set(targets.filter((target): target is string => target?.startsWith(blobs) ?? false));
}

async function revisionsOf(hubCache: string, id: string, folder: string): Promise<CachedRevision[]> {
  const refs = await refsOf(folder);
  const commits = (await readdir(join(folder, 'snapshots')).catch(ignoreMissing)) ?? [];
  const revisions = await Promise.all(
    commits.map(async (commit) => {
      const snapshot = join(folder, 'snapshots', commit);
      const files = (await filesBelow(snapshot)).filter((file) => !TEMPORARY_NAME.test(file));
      const stats = await Promise.all(files.map((file) => stat(file).catch(ignoreMissing)));
      const times = [await stat(snapshot), ...stats].map((one) => one?.mtimeMs ?? 0);
      return {
        commit,
        refs: refs.filter((ref) => ref.commit === commit).map(({ name }) => name),
        folder: snapshot,
        files: stats.length,
        bytes: stats.reduce((sum, one) => sum + (one?.size ?? 0), 0),
        modified: new Date(Math.max(...times)).toISOString(),
        complete: await isComplete(hubCache, id, commit),
      };
    }),
  );
  return revisions.sort((a, b) => b.modified.localeCompare(a.modified) || a.commit.localeCompare(b.commit));
}

async function refsOf(folder: string): Promise<{ name: string; commit: string }[]> {
  const root = join(folder, 'refs');
  const files = (await filesBelow(root)).filter((file) => !TEMPORARY_NAME.test(file)).sort();
  return Promise.all(
    files.map(async (file) => ({
      name: relative(root, file).replaceAll(sep, '/'),
      commit: ((await readFile(file, 'utf8').catch(ignoreMissing)) ?? '').trim(),
    })),
  );
}

/** Whether it can be loaded without the network, as far as files go. One that cannot be read cannot. */
function isComplete(hubCache: string, id: string, commit: string): Promise<boolean> {
  return new LocalCache(hubCache, commit).provide({ id, revision: commit }).then(
    () => true,
    () => false,
  );
}

/** Of all files, each once however many names it has; links count nothing. */
async function diskBytes(folder: string): Promise<number> {
  const seen = new Map<string, number>();
  for (const file of await filesBelow(folder)) {
    const info = await lstat(file).catch(ignoreMissing);
    if (info?.isFile()) seen.set(`${info.dev}:${info.ino}`, info.size);
  }
  return [...seen.values()].reduce((sum, size) => sum + size, 0);
}

/** Files and links; links to folders are not gone into. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(ignoreMissing)) ?? [];
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
