/**
 * Puts the ovembed that was built in this clone into node_modules, as `npm install ovembed` will once it is published.
 * A copy, since Next.js bundles a package that is a link to a folder outside of node_modules, and an addon cannot be bundled.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const clone = join(import.meta.dirname, '../..');
const place = join(import.meta.dirname, 'node_modules/ovembed');
rmSync(place, { recursive: true, force: true });
for (const part of ['package.json', 'dist', 'build/Release']) {
  cpSync(join(clone, part), join(place, part), { recursive: true });
}
