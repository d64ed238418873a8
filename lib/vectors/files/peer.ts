/** Packages that a user installs for one format, and that nobody else pays for. */
import { OvembedError } from '../../errors.js';

/**
 * @param load imports the packages
 * @param names what to install
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if one of them is not installed
 */
export async function importPeers<T>(load: () => Promise<T>, format: string, names: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const message = `${format} files need packages that are not installed: npm install ${names}.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
  }
}
