/** `ovembed cache stats|verify|clear`: a cache's folder or server, without a model. */
import { clearDisk, type DiskSurvey, surveyDisk } from '../../cache/disk-survey.js';
import { DEFAULT_PREFIX } from '../../cache/options.js';
import { clearRedis, surveyRedis } from '../../cache/redis-survey.js';
import type { Survey } from '../../cache/survey.js';
import { EXIT } from '../exit-codes.js';
import { UsageError } from '../failures.js';
import { counted, grouped, megabytes } from '../figures.js';
import type { CacheFlags } from '../flags.js';
import { StdoutTarget } from '../output/targets.js';

/** @returns the exit code: 7 if `verify` finds damage that it does not repair */
export async function cache(command: 'stats' | 'verify' | 'clear', flags: CacheFlags): Promise<number> {
  if (command === 'clear') return clear(flags);
  const survey = await surveyOf(flags, command === 'verify' && flags.repair === true);
  await print(flags, survey, () => (command === 'stats' ? describe(survey) : judge(survey)));
  return command === 'verify' && survey.damaged > survey.repaired ? EXIT.verdict : EXIT.ok;
}

async function clear(flags: CacheFlags): Promise<number> {
  const { disk, redis, prefix = DEFAULT_PREFIX } = flags;
  if (disk !== undefined) {
    if (flags.prefix !== undefined) {
      throw new UsageError('a folder is cleared as a whole, whatever the prefixes in it: leave out --prefix');
    }
    const freedBytes = await clearDisk(disk);
    await print(flags, { freedBytes }, () => `Cleared ${disk}: ${megabytes(freedBytes)} freed`);
  } else {
    await clearRedis(urlOf(redis), prefix);
    await print(flags, { prefix }, () => `Cleared the keys of the prefix ${prefix}`);
  }
  return EXIT.ok;
}

function surveyOf({ disk, redis, prefix = DEFAULT_PREFIX }: CacheFlags, repair: boolean): Promise<Survey | DiskSurvey> {
  return disk === undefined ? surveyRedis(urlOf(redis), prefix, repair) : surveyDisk(disk, prefix, repair);
}

function urlOf(redis: string | undefined): string {
  if (redis === undefined) throw new UsageError('which cache? Name its folder with --disk, or its server with --redis');
  return redis;
}

function describe(survey: Survey | DiskSurvey): string {
  const kinds = Object.entries(survey.kinds).map(([kind, count]) => `  ${kind.padEnd(16)}${grouped(count)}`);
  const size =
    'pages' in survey
      ? `${megabytes(survey.bytes)} of at most ${megabytes(survey.maxBytes)} on the disk, ` +
        `${grouped(survey.pagesInUse)} of ${counted(survey.pages, 'page')} in use`
      : megabytes(survey.recordBytes);
  return [`${counted(survey.records, 'record')}, ${size}`, ...kinds, ...remarks(survey)].join('\n');
}

function judge(survey: Survey | DiskSurvey): string {
  const verdict = survey.damaged === 0 ? 'Nothing is damaged' : `${grouped(survey.damaged)} damaged`;
  const repaired = survey.repaired > 0 ? `, ${grouped(survey.repaired)} removed` : '';
  const found = `${verdict}${repaired}: ${counted(survey.records + survey.others, 'intact record')}`;
  return [found, ...ends(survey)].join('\n');
}

function remarks(survey: Survey | DiskSurvey): string[] {
  const { others, damaged } = survey;
  return [
    ...(others > 0 ? [`  ${counted(others, 'record')} of other prefixes`] : []),
    ...(damaged > 0 ? [`  ${grouped(damaged)} damaged; they are never handed out`] : []),
    ...ends(survey),
  ];
}

/** No damage: in a folder that several processes write to, it is to be expected. */
function ends(survey: Survey | DiskSurvey): string[] {
  if (!('unreadableEnds' in survey) || survey.unreadableEnds === 0) return [];
  return [`  ${counted(survey.unreadableEnds, 'page')} with an end that is no record; it is written over in time`];
}

async function print({ json, quiet }: CacheFlags, result: object, describeResult: () => string): Promise<void> {
  if (!json && quiet) return;
  const text = json ? JSON.stringify(result, null, 2) : describeResult();
  await new StdoutTarget().append(Buffer.from(`${text}\n`));
}
