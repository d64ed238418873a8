/** node scripts/api-report.mjs [--check]   writes the API reports to api/, from dist/; `--check`: only compares them. */
import { apiReports } from './api/report.mjs';

const isCheck = process.argv.includes('--check');
const problems = apiReports({ accept: !isCheck });
for (const problem of problems) console.error(problem);
if (isCheck && problems.length > 0)
  console.error('[ovembed] If this is meant: npm run build:ts && npm run api, and commit api/.');
process.exitCode = problems.length > 0 ? 1 : 0;
