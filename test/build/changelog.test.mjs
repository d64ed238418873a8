/** CHANGELOG.md is in the form of Common Changelog: versions from new to old with dates, groups in their order, changes as list items. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/build/paths.mjs';

const GROUPS = ['Changed', 'Added', 'Removed', 'Fixed'];
const read = (name) => readFileSync(join(ROOT, name), 'utf8');
const { version } = JSON.parse(read('package.json'));
const [head, ...releases] = read('CHANGELOG.md').split(/^## /m);
const titles = releases.map((release) => release.split('\n', 1)[0]);

test('the first version is that of package.json; only that one may have no date yet', () => {
  expect(head).toContain('common-changelog.org');
  expect(titles[0]).toMatch(
    new RegExp(`^\\[?${version.replaceAll('.', '\\.')}\\]? - (\\d{4}-\\d\\d-\\d\\d|Unreleased)$`),
  );
  for (const title of titles.slice(1)) expect(title).toMatch(/^\[?\d+\.\d+\.\d+\]? - \d{4}-\d\d-\d\d$/);
});

test('versions fall', () => {
  const numbers = titles.map((title) => title.match(/\d+/g).slice(0, 3).map(Number));
  const key = ([major, minor, patch]) => (major * 1_000 + minor) * 1_000 + patch;
  expect(numbers.map(key)).toEqual(numbers.map(key).sort((a, b) => b - a));
});

test.each(releases.map((release, i) => [titles[i], release]))('%s', (_, release) => {
  const [, ...groups] = release.split(/^### /m);
  const names = groups.map((group) => group.split('\n', 1)[0]);
  expect(names).toEqual(GROUPS.filter((name) => names.includes(name)));
  for (const group of groups) {
    const lines = group
      .split('\n')
      .slice(1)
      .filter((line) => line !== '');
    // A change, or its second line.
    for (const line of lines) expect(line).toMatch(/^(- | {2}\S)/);
  }
});
