/** Memory for results. */
import { OvembedError } from '../errors.js';
import { arrayOf, type Dtype, type DtypeArrays } from '../vectors/dtype.js';

/**
 * An array of zeros, rows × width.
 * @param width elements of a row
 * @param remedy what the caller can do if there is no memory
 * @throws OvembedError `ERR_OUT_OF_MEMORY`
 */
export function allocate<D extends Dtype = 'float32'>(
  rows: number,
  width: number,
  remedy: string,
  dtype: D = 'float32' as D,
): DtypeArrays[D] {
  try {
    return arrayOf(dtype, rows * width);
  } catch (cause) {
    const message = `There is no memory for ${rows} × ${width} values in one array; ${remedy}.`;
    throw new OvembedError('ERR_OUT_OF_MEMORY', message, { cause });
  }
}
