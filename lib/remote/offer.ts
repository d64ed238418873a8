/** What a server tells of itself and its models, before anything is asked of one. */
import { OvembedError } from '../errors.js';
import type { EmbedderInfo } from '../info.js';
import { VERSION } from '../version.js';
import type { Connection } from './connection.js';
import type { DecisiveOptions } from './same-options.js';

/** A model of a server, as `/ovembed/v1/models` tells. */
export interface OfferedModel {
  name: string;
  /** What the server was told to load. */
  model: string;
  /** Null where an app gave the server a loaded one. */
  options: DecisiveOptions | null;
  /** Null while it is not loaded. */
  info: EmbedderInfo | null;
}

/** What a server offers. */
export interface Offer {
  version: string;
  models: OfferedModel[];
}

/** What a server tells of a model. */
export interface RemoteInfo {
  /** Of the server. */
  readonly version: string;
  /** What the server calls the model. */
  readonly name: string;
  readonly info: EmbedderInfo;
}

/** A server answers from memory; one that does not is stopped or stuck, and would be waited for without end. */
const OFFER_MS = 5_000;
/** What is not loaded may have to be downloaded first; a server that is configured to wait less says so itself. */
const LOAD_MS = 600_000;

/**
 * @throws OvembedError `ERR_DEVICE_UNAVAILABLE` where none answers in time, or what does is no ovembed of this version, whose
 *   options and bytes may be others
 */
export async function askOffer(connection: Connection, signal?: AbortSignal): Promise<Offer> {
  const offer = await connection.get('/ovembed/v1/models', { signal, timeoutMs: OFFER_MS });
  if (!isOffer(offer)) throw connection.notOurs();
  const { version } = offer;
  if (version === VERSION) return offer;
  const text = `The server at ${connection.address} is ovembed ${version}, and this is ${VERSION}: use the same version on both sides.`;
  throw new OvembedError('ERR_DEVICE_UNAVAILABLE', text);
}

/**
 * May take long: the server loads the model if it is not loaded.
 * @param offer what it told before
 * @param name default: the first of the server
 * @throws OvembedError `ERR_MODEL_NOT_FOUND`, `ERR_DEVICE_UNAVAILABLE` where no answer comes in time, and what loading throws
 */
export async function askInfo(
  connection: Connection,
  { models }: Offer,
  name?: string,
  signal?: AbortSignal,
): Promise<RemoteInfo> {
  const query = name === undefined ? '' : `?model=${encodeURIComponent(name)}`;
  const offered = name === undefined ? models[0] : models.find((model) => model.name === name);
  const timeoutMs = offered?.info ? OFFER_MS : LOAD_MS;
  const answer = await connection.get(`/ovembed/v1/info${query}`, { signal, timeoutMs });
  if (!isObject(answer) || typeof answer.name !== 'string' || !isInfo(answer.info)) throw connection.notOurs();
  return answer as unknown as RemoteInfo;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function isOffer(value: unknown): value is Offer {
  if (!isObject(value) || typeof value.version !== 'string' || !Array.isArray(value.models)) return false;
  // Of another version they may look otherwise, and are not looked at.
  return value.version !== VERSION || value.models.every(isOffered);
}

const isOffered = (value: unknown): boolean =>
  isObject(value) &&
  typeof value.name === 'string' &&
  (value.options === null || isObject(value.options)) &&
  (value.info === null || isInfo(value.info));

/** By what is used here. */
const isInfo = (value: unknown): boolean =>
  isObject(value) && typeof value.fingerprint === 'string' && Array.isArray(value.buckets);
