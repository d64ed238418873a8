/** What a request may ask for at most: the rules that keep one client from taking the server from the others. */
import { anInteger, aPositiveInteger, type Checks } from '../checks.js';
import { LONGEST_TIMER_MS } from '../signals.js';

/** What a request may ask for at most. Beyond it: 400, 408, 413, 431 or 504. */
export interface ServerLimits {
  /** Bytes of a body. Default 2,000,000, as TEI. */
  bodyBytes: number;
  /** Inputs of a request. Default 2,048, as OpenAI. */
  inputs: number;
  /** UTF-16 units of an input per token that the model reads. Default 250, as TEI: what is longer can only be cut. */
  charactersPerToken: number;
  /** Tokens of a request that are given as ids. Default 300,000, as OpenAI. */
  tokens: number;
  /** Bytes of all headers. Default 16,384. */
  headerBytes: number;
  /** Milliseconds until the headers have come, and until the body has. Default 30,000. */
  receiveMs: number;
  /** Milliseconds that a request may take to be answered; what a request asks for is at most this. Default 30,000. */
  requestMs: number;
  /** Connections at once. Default 4,096. */
  connections: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  bodyBytes: 2_000_000,
  inputs: 2_048,
  charactersPerToken: 250,
  tokens: 300_000,
  headerBytes: 16_384,
  receiveMs: 30_000,
  requestMs: 30_000,
  connections: 4_096,
};

/** Of processes of the same user: as if the model were their own. */
export const DAEMON_LIMITS: Partial<ServerLimits> = {
  bodyBytes: 256_000_000,
  inputs: 1_000_000,
  charactersPerToken: 1_000_000,
  tokens: 100_000_000,
  receiveMs: 600_000,
  requestMs: 3_600_000,
};

export const LIMIT_CHECKS: Checks<ServerLimits> = {
  bodyBytes: aPositiveInteger,
  inputs: aPositiveInteger,
  charactersPerToken: aPositiveInteger,
  tokens: aPositiveInteger,
  headerBytes: aPositiveInteger,
  receiveMs: anInteger(1, LONGEST_TIMER_MS),
  requestMs: anInteger(1, LONGEST_TIMER_MS),
  connections: aPositiveInteger,
};
