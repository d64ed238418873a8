/**
 * The API report: api/<sub-path>.api.md holds all that a sub-path exports, in the form of declarations, by api-extractor. A change of
 * the public interface is a change of these files, to be seen in review.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { ROOT } from '../build/paths.mjs';
import { entries } from './entries.mjs';

export const REPORTS = join(ROOT, 'api');
const TEMPORARY = join(ROOT, '.cache', 'api-report');
const SILENT = { logLevel: ExtractorLogLevel.None };

/**
 * Reads dist/, so that has to be built.
 * @param {{ accept?: boolean }} [options]  `accept`: writes the reports instead of comparing
 * @returns {string[]} what differs or is wrong
 */
export function apiReports({ accept = false } = {}) {
  mkdirSync(REPORTS, { recursive: true });
  mkdirSync(TEMPORARY, { recursive: true });
  const all = entries();
  const problems = all.flatMap((entry) => report(entry, accept));
  const names = new Set(all.map(({ report }) => `${report}.api.md`));
  for (const name of readdirSync(REPORTS).filter((name) => !names.has(name))) {
    if (accept) rmSync(join(REPORTS, name));
    else problems.push(`api/${name} is of a sub-path that is not exported any more`);
  }
  return problems;
}

function report({ name, types, report }, accept) {
  if (!existsSync(types)) return [`${name}: ${types} is not there; npm run build:ts makes it`];
  const problems = [];
  const result = Extractor.invoke(configuration(types, report), {
    localBuild: accept,
    messageCallback: (message) => {
      message.handled = true;
      // Of a report that is new or has changed tells `apiReportChanged`.
      if (message.messageId.startsWith('console-api-report')) return;
      if (['error', 'warning'].includes(message.logLevel))
        problems.push(`${name}: ${message.formatMessageWithLocation(ROOT)}`);
    },
  });
  if (result.apiReportChanged && !accept)
    problems.push(`${name}: the public interface has changed:\n${difference(report)}`);
  return problems;
}

function difference(report) {
  const [before, now] = [REPORTS, TEMPORARY].map((folder) => join(folder, `${report}.api.md`));
  if (!existsSync(before)) return `api/${report}.api.md is not there`;
  const { stdout } = spawnSync('git', ['diff', '--no-index', '--unified=1', before, now], { encoding: 'utf8' });
  return stdout ?? '';
}

function configuration(types, report) {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: types,
      compiler: { tsconfigFilePath: join(ROOT, 'tsconfig.json'), skipLibCheck: true },
      apiReport: { enabled: true, reportFileName: report, reportFolder: REPORTS, reportTempFolder: TEMPORARY },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Warning } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Warning },
          // What a sub-path shares with another one is exported there; that all is exported somewhere is typedoc's matter.
          'ae-forgotten-export': SILENT,
          'ae-missing-release-tag': SILENT,
          'ae-undocumented': SILENT,
          'ae-unresolved-link': SILENT,
        },
        // Docstrings are typedoc's matter.
        tsdocMessageReporting: { default: SILENT },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(ROOT, 'package.json'),
  });
}
