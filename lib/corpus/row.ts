/** Names and JSON of rows: the same in every sink. */
import { hash } from 'node:crypto';
import type { VectorRow } from './sink.js';

/** SHA-256 of document, place and text, in hexadecimal. */
export function rowId(documentId: string, index: number, text: string): string {
  return hash('sha256', `${documentId}\0${index}\0${text}`, 'hex');
}

/** A row without its vector, with its fields always in the same order. */
export function describeRow(row: Omit<VectorRow, 'vector'>): Omit<VectorRow, 'vector'> {
  const { id, documentId, index, text, start, end, line, headings, tokens, metadata } = row;
  return { id, documentId, index, text, start, end, line, headings, tokens, metadata };
}
