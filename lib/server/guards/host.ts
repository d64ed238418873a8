/**
 * One `Host` header, and on loopback one of its own names: a page of another site whose name was made to point at this machine
 * (DNS rebinding) sends its own. Node lets two `Host` headers and any name pass.
 */
import type { FastifyRequest } from 'fastify';
import { HttpError } from '../http-error.js';

export interface HostRules {
  /** Names that are answered to, without port, in lower case; null: any. */
  allowed: ReadonlySet<string> | null;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether an address is that of this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * @param host that the server listens at; null: a Unix socket, which no browser reaches
 * @param names that are allowed besides; given for a public address, only these are
 */
export function hostRules(host: string | null, names: readonly string[]): HostRules {
  const given = names.map((name) => name.toLowerCase());
  if (host !== null && isLoopback(host)) return { allowed: new Set([...LOOPBACK, host.toLowerCase(), ...given]) };
  return { allowed: given.length > 0 ? new Set(given) : null };
}

export function checkHost({ raw }: FastifyRequest, { allowed }: HostRules): void {
  const hosts = raw.rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1]?.toLowerCase() === 'host');
  if (hosts.length !== 1) throw new HttpError(400, 'ERR_HOST', 'A request has exactly one Host header.');
  if (allowed === null || allowed.has(nameOf(hosts[0] as string))) return;
  throw new HttpError(421, 'ERR_HOST', 'This server does not answer to that Host; allow it with allowedHosts.');
}

/** Without the port. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}
