/** Blocks of JSON and YAML: they can be read, and one with `models` is a configuration of the server. */
import { parse, parseAllDocuments } from 'yaml';
import { checkConfig } from '../../../lib/server/config.js';
import type { Block } from './blocks.js';

/** @throws what is wrong */
export function checkData({ language, code }: Block): void {
  const values = read(language, code);
  for (const value of values) {
    const isConfiguration = typeof value === 'object' && value !== null && 'models' in value;
    if (isConfiguration) checkConfig(value as object, 'the configuration');
  }
}

function read(language: string, code: string): unknown[] {
  if (language === 'jsonl')
    return code
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  if (language === 'json') return [JSON.parse(code)];
  // JSON with comments is YAML but for the form of comments.
  if (language === 'jsonc') return [parse(code.replaceAll(/^(\s*)\/\/.*$/gm, '$1'))];
  return parseAllDocuments(code).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as unknown;
  });
}
