/** Which language a text is in, by a detector that is not ours. */
import { OvembedError } from '../../errors.js';

/** What a detector says of a text; that of the package eld fits. */
export interface DetectedLanguage {
  /** ISO 639-1, such as `en`; empty where none was found. */
  language: string;
  /** Whether the detector is sure. */
  isReliable(): boolean;
}

/** Says which language a text is in. */
export type LanguageDetector = (text: string) => DetectedLanguage;

/**
 * The detector of the package eld (60 languages, n-grams; an optional peer). It keeps some tens of megabytes in memory,
 * once per process.
 * @param size of its data: larger is surer on short texts
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if eld is not installed
 */
export async function loadLanguageDetector(size: 'small' | 'medium' | 'large' = 'small'): Promise<LanguageDetector> {
  const { eld } = await LOADERS[size]().catch((cause) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const message = 'The language filter needs a package that is not installed: npm install eld.';
    throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
  });
  // An instance of ours, for nobody else's settings to change what it finds.
  const detector = eld.newInstance();
  return (text) => detector.detect(text);
}

const LOADERS = {
  small: () => import('eld/small'),
  medium: () => import('eld/medium'),
  large: () => import('eld/large'),
};
