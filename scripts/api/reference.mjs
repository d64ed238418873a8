/** The API reference by typedoc, of all sub-paths. A broken link, and a public name without a docstring, are errors. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application } from 'typedoc';
import { ROOT } from '../build/paths.mjs';
import { entries } from './entries.mjs';

export const REFERENCE = join(ROOT, '.cache', 'api-reference');

/** Of the fields of objects, many are told by their name and the object's docstring. */
const NEEDS_DOCUMENTATION = ['Variable', 'Function', 'Class', 'Interface', 'Method', 'Accessor', 'TypeAlias'];

/**
 * Prints what is wrong.
 * @param {{ write?: boolean }} [options]  `write`: the pages as well
 * @returns {Promise<boolean>} whether all is well
 */
export async function apiReference({ write = false } = {}) {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const app = await Application.bootstrap({
    name: `ovembed ${version}`,
    entryPoints: entries().map(({ source }) => source),
    tsconfig: join(ROOT, 'tsconfig.json'),
    readme: 'none',
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    disableSources: true,
    requiredToBeDocumented: NEEDS_DOCUMENTATION,
    intentionallyNotExported: ['KEPT'], // a list of names, spelled out where its type is shown
    validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
    logLevel: 'Warn',
  });
  const project = await app.convert();
  if (!project) return false;
  app.validate(project);
  if (write) await app.generateDocs(project, REFERENCE);
  return !app.logger.hasErrors() && !app.logger.hasWarnings();
}
