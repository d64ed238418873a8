/** Command-line options as commander hands them over. */
import type { InputType, LoadOptions, Truncate } from '../index.js';

/** Options that every command has. */
export interface CommonFlags {
  model?: string;
  device?: string;
  precision?: NonNullable<LoadOptions['precision']>;
  activations?: NonNullable<LoadOptions['activations']>;
  cacheDir?: string;
  offline?: boolean;
  json?: boolean;
  quiet?: boolean;
}

export interface ConvertFlags extends CommonFlags {
  output: string;
}

export interface QuantizeFlags extends ConvertFlags {
  calibration: string;
}

export interface VerifyFlags extends CommonFlags {
  reference?: string;
  texts?: string;
  pairs?: string;
}

export interface EmbedFlags extends CommonFlags {
  inputFormat: 'auto' | 'lines' | 'jsonl';
  field: string;
  format?: 'jsonl' | 'npy';
  output?: string;
  into: string;
  batchTokens?: number;
  truncate: Truncate;
  dimensions?: number;
  query?: boolean;
  inputType?: InputType;
  promptName?: string;
}

/** Options of commands that do not run the model. */
export interface ModelFlags {
  revision?: string;
  cacheDir?: string;
  offline?: boolean;
  json?: boolean;
  quiet?: boolean;
}
