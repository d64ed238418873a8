/** The sub-paths of the package, as package.json exports them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../build/paths.mjs';

/**
 * @typedef {object} Entry
 * @property {string} name     as it is imported: `ovembed`, `ovembed/text`
 * @property {string} source   its module in lib/
 * @property {string} types    its declarations in dist/
 * @property {string} report   name of its API report
 */

/** @returns {Entry[]} */
export function entries() {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const paths = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object');
  return paths.map(([path, { require }]) => ({
    name: manifest.name + path.slice(1),
    source: join(ROOT, require.types.replace('./dist/', 'lib/').replace(/\.d\.ts$/, '.ts')),
    types: join(ROOT, require.types),
    report: path === '.' ? manifest.name : path.slice(2),
  }));
}
