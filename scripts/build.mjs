/**
 * node scripts/build.mjs [native|ts]   builds from source: the addon, the TypeScript, or (default) both.
 * npm's `prepare` runs it in a clone. A published package holds no sources, so there it does nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildNative } from './build/native.mjs';
import { ROOT } from './build/paths.mjs';
import { buildTypeScript } from './build/ts.mjs';

const STAGES = {
  native: { sources: 'native', build: buildNative },
  ts: { sources: 'lib', build: buildTypeScript },
};

async function main(names) {
  for (const name of names.length > 0 ? names : Object.keys(STAGES)) {
    if (!STAGES[name]) throw new Error(`Unknown stage "${name}"; there are ${Object.keys(STAGES).join(' and ')}.`);
    const { sources, build } = STAGES[name];
    if (existsSync(join(ROOT, sources))) await build();
    else console.log(`[ovembed] ${name}: no ${sources}/ here, nothing to build`);
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`[ovembed] ${error.message}`);
  process.exitCode = 1;
});
