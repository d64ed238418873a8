/** `ovembed/vectors`: element types, similarity and files of embeddings. Importing it does not load the native addon. */
export {
  bytesPerRow,
  DTYPES,
  type Dtype,
  type DtypeArrays,
  elementsPerRow,
  type VectorArray,
  type Vectors,
} from './dtype.js';
