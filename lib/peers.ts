/** Packages that a user installs for one format, store or server, and that nobody else pays for. */
import { OvembedError } from './errors.js';

/** What a server needs. */
export const SERVER_PACKAGES = 'fastify @fastify/swagger typebox prom-client';

/** What spans and metrics need. */
export const OTEL_PACKAGES = '@opentelemetry/api';

/**
 * @param load imports the packages
 * @param what needs them, in the plural: `Arrow files`
 * @param names what to install
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if one of them is not installed
 */
export async function importPeers<T>(load: () => Promise<T>, what: string, names: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw explained(cause, what, names);
  }
}

/** The same for what a class is derived from, which must be there when the class is. */
export function requirePeer<T>(load: () => T, what: string, names: string): T {
  try {
    return load();
  } catch (cause) {
    throw explained(cause, what, names);
  }
}

/** A package that is there but fails is told of as it is. */
function explained(cause: unknown, what: string, names: string): unknown {
  if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(String((cause as NodeJS.ErrnoException).code))) return cause;
  const message = `${what} need packages that are not installed: npm install ${names}.`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
}
