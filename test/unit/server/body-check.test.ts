/** What is said of a body that does not fit, and how long it takes. */
import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { checkBody } from '../../../lib/server/body-check.js';
import { Inputs } from '../../../lib/server/schemas.js';

test('a long list whose last item is wrong is refused at once', () => {
  const check = checkBody({ schema: Type.Object({ inputs: Inputs }), method: '', url: '' }) as (
    body: unknown,
  ) => object;
  const inputs = [...Array(400_000).fill([1]), null];
  const started = performance.now();
  expect(check({ inputs })).toMatchObject({ error: { status: 400, param: 'inputs' } });
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(check({ inputs: inputs.slice(0, -1) })).toMatchObject({ value: {} });
});
