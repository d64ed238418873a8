/** Each example of docs/text.md that has a result beneath it, run. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { clean } from '../../../../lib/text/index.js';

const page = readFileSync(new URL('../../../../docs/text.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('\n## Cleaning\n')).split(/\n## (?!Cleaning\n)/, 1)[0] as string;
const examples = [...section.matchAll(/^(clean\(.*)\n\/\/ (.*)$/gm)].map(([, call, result]) => [call, result] as const);

const evaluated = (expression: string) => new Function('clean', `return (${expression});`)(clean);

it('has examples', () => expect(examples.length).toBeGreaterThan(20));

it.each(examples)('%s', (call = '', result = '') => {
  expect(evaluated(call)).toEqual(evaluated(result));
});
