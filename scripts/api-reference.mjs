/** node scripts/api-reference.mjs [--check]   writes the API reference as pages of HTML; `--check`: only says what is amiss. */
import { apiReference, REFERENCE } from './api/reference.mjs';

const isCheck = process.argv.includes('--check');
const isWell = await apiReference({ write: !isCheck });
if (!isCheck) console.log(`[ovembed] API reference: ${REFERENCE}/index.html`);
process.exitCode = isWell ? 0 : 1;
