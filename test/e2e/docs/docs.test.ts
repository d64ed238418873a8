/** Every code block of the documents: run where it can be, else checked as far as that goes, and listed with the reason. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Block, pages, ROOT } from './blocks.js';
import { checkData } from './data.js';
import { checkModules, type Module, writeModules } from './modules.js';
import { Place } from './place.js';
import { problemsOfShell } from './shell.js';

const byPage = pages();
const blocks = [...byPage.values()].flat();
const modules = writeModules(blocks.filter(({ kind, marker }) => kind === 'module' && marker?.word !== 'tested by'));

interface Outcome {
  line: number;
  seconds: number;
  error?: string;
}

/** What came of the blocks that are run, by page; two pages at a time. */
const outcomes = new Map<string, { of: Map<number, Outcome>; output: string }>();
let types: Map<Block, string[]>;

beforeAll(async () => {
  const place = await Place.make();
  const waiting = [...byPage];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await runPage(place, ...next);
  };
  const running = Promise.all([work(), work()]);
  types = checkModules(modules.filter(({ block }) => block.marker?.word !== 'not checked'));
  await running;
});

async function runPage(place: Place, page: string, blocks: readonly Block[]): Promise<void> {
  const runnable = blocks.filter(({ kind, marker }) => !marker && (kind === 'module' || kind === 'shell'));
  if (runnable.length === 0) return;
  const programs = new Map(modules.map(({ block, program }: Module) => [block, program]));
  const steps = runnable.map((block) => {
    const program = programs.get(block);
    return { line: block.line, ...(program ? { program } : { command: block.code }) };
  });
  const cwd = await place.folderOf(page);
  const [plan, results] = [`${cwd}.plan.json`, `${cwd}.results.json`];
  writeFileSync(plan, JSON.stringify(steps));
  const args = [join(import.meta.dirname, 'page-child.mjs'), plan, results];
  const child = spawn(process.execPath, args, { cwd, env: place.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  await once(child, 'close');
  const found = existsSync(results) ? (JSON.parse(readFileSync(results, 'utf8')) as Outcome[]) : [];
  outcomes.set(page, { of: new Map(found.map((outcome) => [outcome.line, outcome])), output });
}

describe.each([...byPage])('%s', (page, blocks) => {
  test.for(blocks)('line $line: $language', async (block) => {
    const { kind, marker, line, code } = block;
    expect(kind, `"${block.language}" is not run here: name another language, or mark the block`).not.toBe(
      marker ? '' : 'other',
    );
    if (marker?.word === 'tested by') {
      const text = readFileSync(join(ROOT, marker.what), 'utf8');
      expect(text.includes(page), `${marker.what} does not name ${page}`).toBe(true);
      return;
    }
    if (kind === 'module' && marker?.word !== 'not checked') expect(types.get(block)?.join('\n')).toBe('');
    if (kind === 'data' && !marker) checkData(block);
    if (kind === 'shell' && marker && marker.word !== 'not checked')
      expect((await problemsOfShell(code)).join('\n')).toBe('');
    if (marker || !['module', 'shell'].includes(kind)) return;
    const { of, output } = outcomes.get(page) ?? { of: new Map<number, Outcome>(), output: 'The page was not run.' };
    const outcome = of.get(line);
    if (!outcome) throw new Error(`The page ended before this block:\n${output}`);
    expect(outcome.error, output).toBe(undefined);
  });
});

afterAll(() => {
  const runs = blocks.filter(({ kind, marker }) => !marker && kind !== 'shown');
  const rest = blocks.filter(({ marker }) => marker);
  const list = rest.map(({ page, line, marker }) => `  ${page}:${line} ${marker?.word}: ${marker?.what}`);
  console.log([`${runs.length} blocks run, ${rest.length} with a reason:`, ...list].join('\n'));
  const all = [...outcomes].flatMap(([page, { of }]) => [...of.values()].map((one) => ({ page, ...one })));
  const slow = all
    .filter(({ seconds }) => seconds > 2)
    .map(({ page, line, seconds }) => `${page}:${line} ${seconds.toFixed(1)} s`);
  if (slow.length > 0) console.log(`Slow: ${slow.join(', ')}`);
});
