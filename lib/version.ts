import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of this package, from the package.json beside dist/. */
export const VERSION: string = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')).version;
