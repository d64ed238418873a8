/** Memory for results. */
import { OvembedError } from '../errors.js';

/**
 * An array of zeros, rows × width.
 * @param remedy what the caller can do if there is no memory
 * @throws OvembedError `ERR_OUT_OF_MEMORY`
 */
export function allocate(rows: number, width: number, remedy: string): Float32Array {
  try {
    return new Float32Array(rows * width);
  } catch (cause) {
    const message = `There is no memory for ${rows} × ${width} values in one array; ${remedy}.`;
    throw new OvembedError('ERR_OUT_OF_MEMORY', message, { cause });
  }
}
