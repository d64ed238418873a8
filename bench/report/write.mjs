import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes all forms of a report into bench/results, named by the time of the run.
 * @param {object} report written as JSON
 * @param {Record<string, string>} forms text by file extension
 * @param {string} [prefix] of the file's name
 * @returns {Promise<string>} the path without its extension
 */
export async function writeReport(report, forms, prefix = '') {
  const folder = join(import.meta.dirname, '..', 'results');
  await mkdir(folder, { recursive: true });
  const path = join(folder, prefix + report.date.replaceAll(':', '').replace(/\..*/, ''));
  await writeFile(`${path}.json`, `${JSON.stringify(report, null, 2)}\n`);
  for (const [extension, text] of Object.entries(forms)) await writeFile(`${path}.${extension}`, text);
  return path;
}
