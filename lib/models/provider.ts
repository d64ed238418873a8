/** A way to get a model: the local cache, the hub, a package index. They are tried in order. */
import { OvembedError, type OvembedErrorCode } from '../errors.js';
import type { Logger } from '../logger.js';

/** How far the download of one file of a model is. */
export interface DownloadProgress {
  /** Path inside the model's folder. */
  file: string;
  /** Bytes of the file that are here; where an earlier download was cut off, it goes on from there. */
  receivedBytes: number;
  /** Null if the server does not say. */
  totalBytes: number | null;
}

/** A model that is wanted by name. */
export interface ModelRequest {
  /** `org/name`. */
  id: string;
  /** Branch, tag or commit. */
  revision: string;
  /** The file of weights that is wanted; default: the one that is preferred when the model is read. */
  modelFile?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  logger?: Logger | undefined;
}

export interface ProvidedModel {
  /** Absolute path of a folder that has every file of the model. */
  folder: string;
  /** What the revision stood for: a commit, or the name of another immutable version. */
  revision: string;
}

export interface ModelProvider {
  /** For messages: "local cache", "hub". */
  readonly name: string;
  /** @throws OvembedError saying why the model cannot be had in this way; the signal's reason if aborted */
  provide(request: ModelRequest): Promise<ProvidedModel>;
}

/** The first model that a provider has and `check` accepts; else one error that lists every way with its reason. */
export async function firstAvailable(
  providers: readonly ModelProvider[],
  request: ModelRequest,
  check: (model: ProvidedModel) => Promise<void>,
): Promise<ProvidedModel> {
  const failures: { name: string; error: OvembedError }[] = [];
  for (const provider of providers) {
    request.signal?.throwIfAborted();
    try {
      const model = await provider.provide(request);
      await check(model);
      request.logger?.debug(`Model ${request.id} (${model.revision}) comes from the ${provider.name}: ${model.folder}`);
      return model;
    } catch (error) {
      request.signal?.throwIfAborted();
      const failure = asFailure(error);
      request.logger?.debug(`Model ${request.id} is not available from the ${provider.name}: ${failure.message}`);
      failures.push({ name: provider.name, error: failure });
    }
  }
  throw noneAvailable(request, failures);
}

/** A full disk or a forbidden folder ends one way, not all of them. What is no system error is a defect and goes through. */
function asFailure(error: unknown): OvembedError {
  if (error instanceof OvembedError) return error;
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (!syscall) throw error;
  return new OvembedError('ERR_DOWNLOAD', `the file system reports: ${message}.`, { cause: error });
}

function noneAvailable(request: ModelRequest, failures: { name: string; error: OvembedError }[]): OvembedError {
  const ways = failures.map(({ name, error }) => `\n- ${name}: ${error.message}`).join('');
  const code: OvembedErrorCode = failures.at(-1)?.error.code ?? 'ERR_MODEL_NOT_FOUND';
  const cause = new AggregateError(failures.map(({ error }) => error));
  return new OvembedError(
    code,
    `The model ${request.id} (revision ${request.revision}) could not be had in any way:${ways}\n` +
      'A model can also be given as the path of a folder that holds its files.',
    { cause },
  );
}
