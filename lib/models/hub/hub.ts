/** Models from the hub, or a mirror that speaks its protocol (`HF_ENDPOINT`), put into the hub's cache. */
import { OvembedError } from '../../errors.js';
import { collectModelFiles } from '../model-files.js';
import type { ModelProvider, ModelRequest, ProvidedModel } from '../provider.js';
import { BlobDownload, isContentHash } from './blob.js';
import { downloadError, RequestFailure, refusalError } from './failures.js';
import { type HubAnswer, HubClient } from './http.js';
import { RepoCache } from './repo-cache.js';
import { retrying } from './retry.js';
import type { HubSettings } from './settings.js';

const COMMIT = /^[0-9a-f]{40}$/;

export class Hub implements ModelProvider {
  readonly name: string;

  constructor(private readonly settings: HubSettings) {
    this.name = `hub (${settings.endpoint})`;
  }

  async provide(request: ModelRequest): Promise<ProvidedModel> {
    const client = await HubClient.open(this.settings, request.signal);
    try {
      return await new Snapshot(this.settings, client, request).download();
    } finally {
      await client.close();
    }
  }
}

/** The download of one model. */
class Snapshot {
  private readonly repo: RepoCache;

  constructor(
    private readonly settings: HubSettings,
    private readonly client: HubClient,
    private readonly request: ModelRequest,
  ) {
    this.repo = new RepoCache(settings.cache, request.id, settings.symlinks);
  }

  async download(): Promise<ProvidedModel> {
    const { revision } = this.request;
    // Everything is asked for by commit, so that a push in between cannot mix two versions.
    const commit = COMMIT.test(revision) ? revision : await this.resolveCommit();
    const folder = this.repo.snapshot(commit);
    await this.repo.removeAbandoned();
    await collectModelFiles(folder, (file, need) => this.fetchFile(commit, file, need), this.request.modelFile);
    if (revision !== commit) await this.repo.writeRef(revision, commit);
    return { folder, revision: commit };
  }

  private async resolveCommit(): Promise<string> {
    // The hub names the commit even when it has no such file; some mirrors do so only when they have it.
    for (const file of ['modules.json', 'config.json']) {
      const answer = await this.head(this.request.revision, file);
      const commit = answer.header('x-repo-commit');
      if (COMMIT.test(commit)) return commit;
    }
    const address = this.address(this.request.revision, 'config.json');
    throw failed(address, 'the answer names no commit (X-Repo-Commit), so this is no hub');
  }

  private async fetchFile(commit: string, file: string, need: 'required' | 'optional'): Promise<boolean> {
    const answer = await this.head(commit, file);
    if (answer.status === 200) {
      const address = this.address(commit, file);
      const { etag, size } = answer;
      if (!isContentHash(etag)) {
        throw failed(address, `the answer's ETag ("${etag}") is no SHA-256 and no git blob id`);
      }
      await new BlobDownload(this.settings, this.client, this.repo, this.request, {
        name: file,
        address,
        etag,
        size,
      }).run();
      await this.repo.link(commit, file, etag);
      return true;
    }
    if (need === 'required') {
      throw new OvembedError(
        'ERR_MODEL_INVALID',
        `${this.request.id} has no ${file} at ${commit}, which a model needs (weights are not read from pytorch_model.bin).`,
      );
    }
    // A 404 of a proxy or a mirror may be a passing one; only the hub's own word is remembered.
    if (answer.header('x-error-code') === 'EntryNotFound') await this.repo.markMissing(commit, file);
    return false;
  }

  /** What the hub says of a file: 200, or 404 for one that is not there. */
  private head(revision: string, file: string): Promise<HubAnswer> {
    const address = this.address(revision, file);
    const ask = async () => {
      const answer = await this.client.head(address);
      await answer.discard();
      this.checkStatus(answer, address);
      return answer;
    };
    return retrying(this.settings.retry, ask, this.request);
  }

  private address(revision: string, file: string): string {
    const path = file.split('/').map(encodeURIComponent).join('/');
    return `${this.settings.endpoint}/${this.request.id}/resolve/${encodeURIComponent(revision)}/${path}`;
  }

  /** Passes 200 and "no such file"; everything else is an error. */
  private checkStatus(answer: HubAnswer, address: string): void {
    const { id, revision } = this.request;
    const { status } = answer;
    const refusal = { status, code: answer.header('x-error-code'), message: answer.header('x-error-message') };
    const error = status === 200 ? undefined : refusalError(refusal, id, revision, this.settings.endpoint);
    if (error) throw error;
    if (status !== 200 && status !== 404) throw failed(address, `HTTP ${status}`);
  }
}

function failed(address: string, reason: string): OvembedError {
  return downloadError(new RequestFailure(address, reason, { passing: false }));
}
