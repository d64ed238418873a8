/**
 * One repository in the cache of huggingface_hub, in its layout:
 *
 *     models--org--name/blobs/<etag>                  content; <etag>.incomplete while it is coming
 *     models--org--name/snapshots/<commit>/<file>     symbolic links to the blobs (copies where links are not possible)
 *     models--org--name/refs/<revision>               the commit a branch or tag stood at
 *     models--org--name/.no_exist/<commit>/<file>     empty: the hub said that there is no such file
 *     models--org--name/trees/<commit>.json           Python's list of all files, if it has asked for one
 *     .locks/models--org--name/<etag>.lock            held while a blob is being downloaded
 */
import { copyFile, lstat, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { removeAbandoned } from '../../abandoned-files.js';
import { OvembedError } from '../../errors.js';
import {
  ignoreMissing,
  isDirectory,
  isFile,
  staysInside,
  TEMPORARY_NAME,
  temporaryName,
  writeAtomically,
} from '../files.js';
import { readJsonObject } from '../json-file.js';

/** Commits and names that stand for one. */
const SNAPSHOT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const WORK_FOLDER = /^work-/;

/** The `format_version` of Python's lists of files that is understood here. */
const TREE_VERSION = 1;

export class RepoCache {
  readonly folder: string;
  private readonly name: string;

  /**
   * @param hubCache root of the cache
   * @param id `org/name`
   * @param symlinks false: snapshots hold copies, as they do where links cannot be made
   */
  constructor(
    private readonly hubCache: string,
    id: string,
    private readonly symlinks = true,
  ) {
    this.name = `models--${id.replaceAll('/', '--')}`;
    this.folder = join(hubCache, this.name);
  }

  blob(etag: string): string {
    return this.inside('blobs', etag);
  }

  /** The blob while it is being downloaded. Older releases of huggingface_hub use this name too, and go on where it ends. */
  partial(etag: string): string {
    return this.inside('blobs', `${etag}.incomplete`);
  }

  lockFile(etag: string): string {
    return join(this.hubCache, '.locks', this.name, `${etag}.lock`);
  }

  snapshot(commit: string): string {
    return this.inside('snapshots', commit);
  }

  /** The commit that a branch, tag or commit stands for; undefined if the cache has no snapshot of it. */
  async commitOf(revision: string): Promise<string | undefined> {
    const content = await readFile(this.inside('refs', revision), 'utf8').catch(ignoreMissing);
    const commit = content?.trim() ?? revision;
    return SNAPSHOT_NAME.test(commit) && (await isDirectory(this.snapshot(commit))) ? commit : undefined;
  }

  /** Written when the snapshot is complete, so that what a ref names can be used. */
  async writeRef(revision: string, commit: string): Promise<void> {
    const ref = this.inside('refs', revision);
    await this.makeFolder(dirname(ref));
    await writeAtomically(ref, commit);
  }

  async isKnownMissing(commit: string, file: string): Promise<boolean> {
    if (await isFile(this.inside('.no_exist', commit, file))) return true;
    const tree = await readJsonObject(this.folder, join('trees', `${commit}.json`)).catch(() => undefined);
    const files = tree?.raw('format_version') === TREE_VERSION ? tree.object('files') : undefined;
    return files !== undefined && !files.keys.includes(file);
  }

  async markMissing(commit: string, file: string): Promise<void> {
    const marker = this.inside('.no_exist', commit, file);
    await this.makeFolder(dirname(marker));
    await writeFile(marker, '');
  }

  /** Makes the folders of a blob and its lock. */
  async prepareFolders(etag: string): Promise<void> {
    await this.makeFolder(dirname(this.blob(etag)));
    await this.makeFolder(dirname(this.lockFile(etag)));
  }

  /** Deletes what killed downloads of ours left: files beside blobs, and folders of unpacked packages. */
  async removeAbandoned(): Promise<void> {
    await removeAbandoned(join(this.folder, 'blobs'), TEMPORARY_NAME);
    await removeAbandoned(this.folder, WORK_FOLDER);
  }

  /** A new folder on the same file system as the blobs, for what is to be moved there. */
  async workFolder(): Promise<string> {
    await this.makeFolder(this.folder);
    return mkdtemp(join(this.folder, 'work-'));
  }

  /** Moves a complete file, on the same file system, to the place of its blob. */
  async store(file: string, etag: string): Promise<void> {
    const blob = this.blob(etag);
    await this.makeFolder(dirname(blob));
    await rename(file, blob);
  }

  /** Puts a blob that is there into a snapshot under the file's name. */
  async link(commit: string, file: string, etag: string): Promise<void> {
    const blob = this.blob(etag);
    const pointer = this.inside('snapshots', commit, file);
    await this.makeFolder(dirname(pointer));
    const temporary = temporaryName(pointer);
    try {
      // Windows allows symbolic links only to administrators and in developer mode; some network disks know none.
      if (this.symlinks) {
        await symlink(relative(dirname(pointer), blob), temporary).catch(() => copyFile(blob, temporary));
      } else {
        await copyFile(blob, temporary);
      }
      await rename(temporary, pointer);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /**
   * Makes a folder, unless a link on the way leads out of the cache: then files would be written where nobody expects them.
   * The cache itself may be a link.
   */
  private async makeFolder(folder: string): Promise<void> {
    await mkdir(this.hubCache, { recursive: true });
    const root = await realpath(this.hubCache);
    const existing = await realpath(await deepestExisting(folder));
    if (existing !== root && !existing.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new OvembedError(
        'ERR_DOWNLOAD',
        `${folder} leads out of the cache ${this.hubCache}, to ${existing}, so nothing is written there. Remove the link, or set ` +
          'HF_HUB_CACHE to the folder that holds the models.',
      );
    }
    await mkdir(folder, { recursive: true });
  }

  /** Names come from servers and from model files, and must not lead out of the repository's folder. */
  private inside(kind: string, ...names: string[]): string {
    for (const name of names) {
      if (name === '' || !staysInside(name)) {
        throw new OvembedError('ERR_MODEL_INVALID', `The name ${JSON.stringify(name)} leads out of ${this.folder}.`);
      }
    }
    return join(this.folder, kind, ...names);
  }
}

async function deepestExisting(path: string): Promise<string> {
  // A link that leads nowhere is there: making the folder would follow it.
  const exists = await lstat(path).catch(ignoreMissing);
  return exists ? path : deepestExisting(dirname(path));
}
