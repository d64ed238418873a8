import { expect, test } from 'vitest';
import { OvembedError } from '../../../lib/errors.js';
import { firstAvailable, type ModelProvider } from '../../../lib/models/provider.js';

const request = { id: 'org/name', revision: 'main' };
const found = { folder: '/models/name', revision: 'main' };
const accept = async () => {};

function provider(name: string, provide: ModelProvider['provide']): ModelProvider {
  return { name, provide };
}

const failing = (name: string) =>
  provider(name, () => Promise.reject(new OvembedError('ERR_DOWNLOAD', `${name} is out of reach.`)));

test('the first that has the model is taken, and later ones are not asked', async () => {
  const unasked = provider('third', () => Promise.reject(new Error('asked')));
  const providers = [failing('first'), provider('second', async () => found), unasked];
  expect(await firstAvailable(providers, request, accept)).toBe(found);
});

test('a model that the check refuses counts as not had', async () => {
  const refuse = () => Promise.reject(new OvembedError('ERR_MODEL_INVALID', 'Not the right one.'));
  const outcome = firstAvailable([provider('first', async () => found)], request, refuse);
  await expect(outcome).rejects.toMatchObject({
    code: 'ERR_MODEL_INVALID',
    message: expect.stringContaining('- first: Not the right one'),
  });
});

test('a defect in a provider is not taken for a failed download', async () => {
  const defect = provider('first', () => Promise.reject(new TypeError('x is undefined')));
  await expect(firstAvailable([defect, provider('second', async () => found)], request, accept)).rejects.toThrow(
    TypeError,
  );
});

test('an abort wins over the error that it leads to', async () => {
  const controller = new AbortController();
  const aborted = provider('first', () => {
    controller.abort(new Error('not wanted'));
    return Promise.reject(new OvembedError('ERR_DOWNLOAD', 'Cut off.'));
  });
  const outcome = firstAvailable([aborted], { ...request, signal: controller.signal }, accept);
  await expect(outcome).rejects.toThrow('not wanted');
});
