/** node scripts/lint.mjs [--fix]   checks (or repairs) formatting, lint and types of the whole repository. */
import { runChecks } from './build/checks.mjs';

const results = await runChecks({ fix: process.argv.includes('--fix') });
const failed = results.filter(({ ok }) => !ok).map(({ name }) => name);
console.log(failed.length > 0 ? `[ovembed] failed: ${failed.join(', ')}` : `[ovembed] ${results.length} checks passed`);
process.exitCode = failed.length > 0 ? 1 : 0;
