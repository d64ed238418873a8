/** Models from the hub, or a mirror that speaks its protocol (`HF_ENDPOINT`), put into the hub's cache. */
import { rm } from 'node:fs/promises';
import { OvembedError } from '../errors.js';
import { isFile } from './files.js';
import { gitBlobId, sha256OfFile } from './hash.js';
import { downloadError, type HubAnswer, hubGet } from './http.js';
import type { HubSettings } from './hub-settings.js';
import { collectModelFiles } from './model-files.js';
import type { ModelProvider, ModelRequest, ProvidedModel } from './provider.js';
import { RepoCache } from './repo-cache.js';

const COMMIT = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const GIT_BLOB_ID = /^[0-9a-f]{40}$/;

export class Hub implements ModelProvider {
  readonly name: string;

  constructor(private readonly settings: HubSettings) {
    this.name = `hub (${settings.endpoint})`;
  }

  provide(request: ModelRequest): Promise<ProvidedModel> {
    return new Snapshot(this.settings, request).download();
  }
}

/** The download of one model. */
class Snapshot {
  private readonly repo: RepoCache;

  constructor(
    private readonly settings: HubSettings,
    private readonly request: ModelRequest,
  ) {
    this.repo = new RepoCache(settings.cache, request.id);
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
      const answer = await this.get(this.request.revision, file);
      await answer.discard();
      this.checkStatus(answer, file);
      const commit = answer.hubHeaders.get('x-repo-commit') ?? '';
      if (COMMIT.test(commit)) return commit;
    }
    const address = this.address(this.request.revision, 'config.json');
    throw downloadError(address, 'the answer names no commit (X-Repo-Commit), so this is no hub');
  }

  private async fetchFile(commit: string, file: string, need: 'required' | 'optional'): Promise<boolean> {
    const answer = await this.get(commit, file);
    try {
      this.checkStatus(answer, file);
      if (answer.status === 200) {
        await this.store(answer, commit, file);
        return true;
      }
    } finally {
      await answer.discard();
    }
    if (need === 'required') {
      throw new OvembedError(
        'ERR_MODEL_INVALID',
        `${this.request.id} has no ${file} at ${commit}, which a model needs.`,
      );
    }
    // A 404 of a proxy or a mirror may be a passing one; only the hub's own word is remembered.
    if (answer.hubHeaders.get('x-error-code') === 'EntryNotFound') await this.repo.markMissing(commit, file);
    return false;
  }

  private async store(answer: HubAnswer, commit: string, file: string): Promise<void> {
    const { hubHeaders } = answer;
    const etag = plainEtag(hubHeaders.get('x-linked-etag') ?? hubHeaders.get('etag'));
    if (!SHA256.test(etag) && !GIT_BLOB_ID.test(etag)) {
      throw downloadError(this.address(commit, file), `the answer's ETag ("${etag}") is no SHA-256 and no git blob id`);
    }
    if (!(await this.isIntact(this.repo.blob(etag), etag))) await this.receive(answer, commit, file, etag);
    await this.repo.link(commit, file, etag);
  }

  private async receive(answer: HubAnswer, commit: string, file: string, etag: string): Promise<void> {
    const temporary = await this.repo.temporaryFile(etag);
    const totalBytes = answer.size;
    try {
      const report = (receivedBytes: number) => this.request.onProgress?.({ file, receivedBytes, totalBytes });
      const size = await answer.save(temporary, report);
      if (totalBytes !== null && size !== totalBytes) {
        throw downloadError(this.address(commit, file), `${size} of ${totalBytes} bytes came`);
      }
      if (!(await this.isIntact(temporary, etag))) {
        throw downloadError(
          this.address(commit, file),
          `the content does not have the hash ${etag} that was announced`,
        );
      }
      await this.repo.store(temporary, etag);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  private async isIntact(file: string, etag: string): Promise<boolean> {
    if (!(await isFile(file))) return false;
    const hash = SHA256.test(etag) ? sha256OfFile : gitBlobId;
    return (await hash(file, this.request.signal)) === etag;
  }

  private get(revision: string, file: string): Promise<HubAnswer> {
    return hubGet(this.address(revision, file), this.settings, this.request.signal);
  }

  private address(revision: string, file: string): string {
    const path = file.split('/').map(encodeURIComponent).join('/');
    return `${this.settings.endpoint}/${this.request.id}/resolve/${encodeURIComponent(revision)}/${path}`;
  }

  /** Passes 200 and "no such file"; everything else is an error. */
  private checkStatus({ status, hubHeaders }: HubAnswer, file: string): void {
    const { id, revision } = this.request;
    const problem = hubHeaders.get('x-error-code');
    if (status === 404 && (problem === 'RepoNotFound' || problem === 'RevisionNotFound')) {
      throw new OvembedError('ERR_MODEL_NOT_FOUND', `The hub has no model ${id} with the revision ${revision}.`);
    }
    if (status === 401 || status === 403) {
      throw downloadError(
        this.address(revision, file),
        `HTTP ${status}: the model does not exist, or it is private or gated and HF_TOKEN gives no access to it`,
      );
    }
    if (status !== 200 && status !== 404) throw downloadError(this.address(revision, file), `HTTP ${status}`);
  }
}

function plainEtag(etag: string | null): string {
  return (etag ?? '').replace(/^W\//, '').replaceAll('"', '');
}
