/** Models that are in the hub's cache on this machine already, whoever put them there. */
import { join } from 'node:path';
import { OvembedError } from '../../errors.js';
import { isFile } from '../files.js';
import { collectModelFiles } from '../model-files.js';
import type { ModelProvider, ModelRequest, ProvidedModel } from '../provider.js';
import { RepoCache } from './repo-cache.js';

/** Never asks the network whether a branch has moved on: what was used once is used again. */
export class LocalCache implements ModelProvider {
  readonly name: string;

  /**
   * @param hubCache root of the cache
   * @param ref looked up in place of the request's revision
   */
  constructor(
    private readonly hubCache: string,
    private readonly ref?: string,
  ) {
    this.name = ref ? `local cache (${ref})` : 'local cache';
  }

  async provide(request: ModelRequest): Promise<ProvidedModel> {
    const repo = new RepoCache(this.hubCache, request.id);
    const revision = this.ref ?? request.revision;
    const commit = await repo.commitOf(revision);
    if (!commit) throw notFound(`${repo.folder} has no usable entry for the revision ${revision}.`);

    const folder = repo.snapshot(commit);
    const find = async (file: string, need: 'required' | 'optional') => {
      if (await isFile(join(folder, file))) return true;
      if (need === 'required') throw notFound(`${join(folder, file)} is not there.`);
      // Other programs cache a model's weights without modules.json. Taking it for a bare transformer would pool wrongly.
      if (file === 'modules.json' && !(await repo.isKnownMissing(commit, file))) {
        throw notFound(`${join(folder, file)} is not there, and nothing says that the model has none.`);
      }
      return false;
    };
    await collectModelFiles(folder, find, request.modelFile);
    return { folder, revision: commit };
  }
}

function notFound(message: string): OvembedError {
  return new OvembedError('ERR_MODEL_NOT_FOUND', message);
}
