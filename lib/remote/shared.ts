/** `Embedder.load` with `daemon`: the model of a server of this machine, where one has just that. */
import { invalidArgument, OvembedError } from '../errors.js';
import type { EmbedderInfo } from '../info.js';
import { type Logger, resolveLogger } from '../logger.js';
import { fingerprint, type ModelSpec, modelOrDefault } from '../models/index.js';
import { checkLoadOptions, type LoadOptions } from '../options.js';
import { findWanted } from '../wanted-model.js';
import { Connection } from './connection.js';
import { daemonFolders, daemonSocketIn } from './daemon-socket.js';
import { askInfo, askOffer, type Offer, type OfferedModel, type RemoteInfo } from './offer.js';
import { RemoteEmbedder } from './remote-embedder.js';
import { differenceOf } from './same-options.js';

export type { Offer };

type Wanted = LoadOptions & { daemon: string; logger: Logger };

/**
 * @param options `daemon`: `'auto'`, or the address of a server
 * @returns null where `'auto'` finds no server with this model, which the log says; then it is to be loaded
 * @throws OvembedError where the server of an address does not answer or has no such model; what `load` throws for options and
 *   models that do not fit
 */
export async function loadShared(
  named: string | undefined,
  options: LoadOptions & { daemon: string },
): Promise<RemoteEmbedder | null> {
  const { daemon, ...load } = options;
  if (typeof daemon !== 'string' || daemon === '')
    throw invalidArgument('daemon', "false, 'auto' or an address", daemon);
  checkLoadOptions(load);
  options.signal?.throwIfAborted();
  const wanted = { ...options, logger: resolveLogger(options.logger) };
  const model = modelOrDefault(named);
  if (daemon !== 'auto') return ask(daemon, model, wanted);
  const found = await anyOf(model, wanted);
  if (found) return found;
  wanted.logger.info(`${model} is loaded in this process`);
  return null;
}

/** The first daemon of this user that has the model. What is wrong with one is no more than a reason to do without it. */
async function anyOf(model: string, wanted: Wanted): Promise<RemoteEmbedder | null> {
  const { logger, signal } = wanted;
  for (const folder of daemonFolders()) {
    try {
      const socket = await daemonSocketIn(folder);
      if (socket !== undefined) return await ask(socket, model, wanted);
      logger.info(`no daemon of ovembed has been started in ${folder}`);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      logger.info(`no daemon is used: ${(error as Error).message}`);
    }
  }
  return null;
}

async function ask(address: string, model: string, wanted: Wanted): Promise<RemoteEmbedder> {
  const { logger, signal, timeoutMs, queueTimeoutMs } = wanted;
  const connection = await Connection.open(address, {});
  try {
    const offer = await askOffer(connection, signal);
    const found = await choose(offer, model, wanted, connection);
    logger.info(`${model} is used in the server at ${address}, which has it with the same options`);
    return new RemoteEmbedder(connection, found, { timeoutMs, queueTimeoutMs });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** @throws OvembedError `ERR_MODEL_NOT_FOUND` where none is the one */
async function choose(
  offer: Offer,
  model: string,
  wanted: Wanted,
  connection: Connection,
): Promise<Pick<RemoteInfo, 'name' | 'info'>> {
  const none = (why: string) =>
    new OvembedError(
      'ERR_MODEL_NOT_FOUND',
      `The server at ${connection.address} does not have ${model} as wanted: ${why}.`,
    );
  const { spec } = await findWanted(model, wanted, wanted.logger);
  const differences: string[] = [];
  for (const offered of offer.models) {
    const info = offered.info ?? (await loaded(offered, offer, model, wanted, connection));
    if (!info || !(await isSameSpace(spec, info, wanted))) continue;
    const difference =
      offered.options === null
        ? 'an app loaded it, with options that are not known'
        : differenceOf(wanted, offered.options, info);
    if (difference === undefined) return { name: offered.name, info };
    differences.push(`${offered.name}: ${difference}`);
  }
  if (differences.length > 0) throw none(differences.join('; '));
  throw none(`its models are others (${offer.models.map(({ name }) => name).join(', ')})`);
}

/** Of a model that is loaded when it is asked for: only one that has the wanted name is. */
async function loaded(
  offered: OfferedModel,
  offer: Offer,
  model: string,
  { signal }: Wanted,
  connection: Connection,
): Promise<EmbedderInfo | null> {
  if (offered.model !== model) return null;
  return (await askInfo(connection, offer, offered.name, signal)).info;
}

/** The server took the first source of the model that runs, so it is one of ours. */
async function isSameSpace(spec: ModelSpec, info: EmbedderInfo, { cacheDir, signal }: Wanted): Promise<boolean> {
  for (const source of spec.sources.filter(({ kind }) => kind === info.source)) {
    if ((await fingerprint({ ...spec, sources: [source] }, { cacheDir, signal })) === info.fingerprint) return true;
  }
  return false;
}
