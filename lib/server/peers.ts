/** Packages that only a server needs, so that a library user does not install them. */
import { OvembedError } from '../errors.js';

const SERVER_PACKAGES = 'fastify typebox prom-client @fastify/swagger';

/** @throws OvembedError `ERR_INVALID_ARGUMENT` if it is not installed */
export async function importServerPeer<T>(load: () => Promise<T>, name: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause;
    const message = `The server needs ${name}, which is not installed: npm install ${SERVER_PACKAGES}.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
  }
}
