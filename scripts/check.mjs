/**
 * node scripts/check.mjs [--sources] [--fix]   all static checks. `--sources`: formatting, lint and types alone, which need no
 * build; `--fix`: repairs what can be repaired.
 */
import { runChecks } from './build/checks.mjs';

const [sourcesOnly, fix] = ['--sources', '--fix'].map((flag) => process.argv.includes(flag));
const results = await runChecks({ sourcesOnly, fix });
const failed = results.filter(({ ok }) => !ok).map(({ name }) => name);
console.log(failed.length > 0 ? `[ovembed] failed: ${failed.join(', ')}` : `[ovembed] ${results.length} checks passed`);
process.exitCode = failed.length > 0 ? 1 : 0;
