/**
 * One repository in the cache of huggingface_hub, in its layout:
 *
 *     models--org--name/blobs/<etag>                  content
 *     models--org--name/snapshots/<commit>/<file>     symbolic links to the blobs (copies where links are not possible)
 *     models--org--name/refs/<revision>               the commit a branch or tag stood at
 *     models--org--name/.no_exist/<commit>/<file>     empty: the hub said that there is no such file
 */
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
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

/** Commits and names that stand for one. */
const SNAPSHOT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const WORK_FOLDER = /^work-/;

export class RepoCache {
  readonly folder: string;

  /** @param hubCache root of the cache; @param id `org/name` */
  constructor(hubCache: string, id: string) {
    this.folder = join(hubCache, `models--${id.replaceAll('/', '--')}`);
  }

  blob(etag: string): string {
    return this.inside('blobs', etag);
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
  writeRef(revision: string, commit: string): Promise<void> {
    return writeAtomically(this.inside('refs', revision), commit);
  }

  isKnownMissing(commit: string, file: string): Promise<boolean> {
    return isFile(this.inside('.no_exist', commit, file));
  }

  async markMissing(commit: string, file: string): Promise<void> {
    const marker = this.inside('.no_exist', commit, file);
    await mkdir(dirname(marker), { recursive: true });
    await writeFile(marker, '');
  }

  /** A name for a file that is being written, on the same file system as its blob. */
  async temporaryFile(etag: string): Promise<string> {
    const blob = this.blob(etag);
    await mkdir(dirname(blob), { recursive: true });
    return temporaryName(blob);
  }

  /** Deletes what killed downloads of ours left: files beside blobs, and folders of unpacked packages. */
  async removeAbandoned(): Promise<void> {
    await removeAbandoned(join(this.folder, 'blobs'), TEMPORARY_NAME);
    await removeAbandoned(this.folder, WORK_FOLDER);
  }

  /** A new folder on the same file system as the blobs, for what is to be moved there. */
  async workFolder(): Promise<string> {
    await mkdir(this.folder, { recursive: true });
    return mkdtemp(join(this.folder, 'work-'));
  }

  /** Moves a complete file, on the same file system, to the place of its blob. */
  async store(file: string, etag: string): Promise<void> {
    const blob = this.blob(etag);
    await mkdir(dirname(blob), { recursive: true });
    await rename(file, blob);
  }

  /** Puts a blob that is there into a snapshot under the file's name. */
  async link(commit: string, file: string, etag: string): Promise<void> {
    const blob = this.blob(etag);
    const pointer = this.inside('snapshots', commit, file);
    await mkdir(dirname(pointer), { recursive: true });
    const temporary = temporaryName(pointer);
    try {
      // Windows allows symbolic links only to administrators and in developer mode.
      await symlink(relative(dirname(pointer), blob), temporary).catch(() => copyFile(blob, temporary));
      await rename(temporary, pointer);
    } finally {
      await rm(temporary, { force: true });
    }
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
