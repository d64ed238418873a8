/** What a file holds, by its extension. */
import { extname } from 'node:path';
import type { Manner } from '../document.js';

/** Files with a document in each record. */
export type RecordFormat = 'jsonl' | 'csv' | 'tsv' | 'parquet';

const RECORDS: Readonly<Record<string, RecordFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
};

const MARKDOWN = ['.md', '.markdown', '.mdx'];
const HTML = ['.html', '.htm', '.xhtml'];

const LANGUAGES: Readonly<Record<string, readonly string[]>> = {
  javascript: ['.js', '.mjs', '.cjs', '.jsx'],
  typescript: ['.ts', '.mts', '.cts', '.tsx'],
  python: ['.py', '.pyi'],
  java: ['.java'],
  go: ['.go'],
  rust: ['.rs'],
  cpp: ['.c', '.cc', '.cpp', '.cxx', '.h', '.hh', '.hpp', '.hxx'],
};

export const recordFormatOf = (path: string): RecordFormat | undefined => RECORDS[extname(path).toLowerCase()];

export function mannerOf(path: string): Manner {
  const extension = extname(path).toLowerCase();
  if (MARKDOWN.includes(extension)) return { format: 'markdown' };
  if (HTML.includes(extension)) return { format: 'html' };
  const language = Object.keys(LANGUAGES).find((name) => LANGUAGES[name]?.includes(extension));
  return language === undefined ? { format: 'text' } : { format: 'code', language };
}
