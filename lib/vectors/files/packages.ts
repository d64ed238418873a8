/**
 * The packages that Arrow and Parquet files need. They are loaded here, so that the types of `ovembed/vectors` do not name them:
 * who has no such files has no such packages, and TypeScript may check the types of libraries too.
 */
import { importPeers } from '../../peers.js';

const PARQUET = 'hyparquet hyparquet-writer';

/** @throws OvembedError `ERR_INVALID_ARGUMENT` if the package is not installed */
export const loadArrow = (): Promise<typeof import('apache-arrow')> =>
  importPeers(() => import('apache-arrow'), 'Arrow files', 'apache-arrow');
/** @throws OvembedError `ERR_INVALID_ARGUMENT` if the packages are not installed */
export const loadParquetReader = () => importPeers(() => import('hyparquet'), 'Parquet files', PARQUET);
/** @throws OvembedError `ERR_INVALID_ARGUMENT` if the packages are not installed */
export const loadParquetWriter = () => importPeers(() => import('hyparquet-writer'), 'Parquet files', PARQUET);
