import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { resolveLogger } from '../../../lib/logger.js';

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

function sayAll(level: string | undefined): string[] {
  const logger = resolveLogger(undefined, level);
  for (const name of ['debug', 'info', 'warn', 'error'] as const) logger[name](name);
  return lines;
}

test.each([undefined, ''])('is silent at level %j', (level) => {
  expect(sayAll(level)).toEqual([]);
});

test.each(['info', 'INFO'])('writes what is at least as grave as %j', (level) => {
  expect(sayAll(level)).toEqual(['ovembed info: info\n', 'ovembed warn: warn\n', 'ovembed error: error\n']);
});

test('says that a level is unknown, and warns on', () => {
  expect(sayAll('trace')).toEqual([
    'ovembed warn: OVEMBED_LOG is "trace"; expected one of debug, info, warn, error.\n',
    'ovembed warn: warn\n',
    'ovembed error: error\n',
  ]);
});

test('is the one that is given', () => {
  expect(resolveLogger(console, 'debug')).toBe(console);
});
