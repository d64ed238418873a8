import { describe, expect, test } from 'vitest';
import { nearestTo } from '../../../lib/checks.js';
import { OvembedError } from '../../../lib/errors.js';
import { checkEmbedOptions, checkLoadOptions, checkStreamOptions, type LoadOptions } from '../../../lib/options.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const GOOD: LoadOptions = {
  device: 'GPU.1',
  precision: 'bf16',
  streams: 2,
  threads: 4,
  buckets: [16, 64],
  batchTokens: 512,
  maxBatchSize: 1,
  batchDelayMs: 2.5,
  maxQueue: { texts: 10 },
  performance: 'latency',
  queueTimeoutMs: 0,
  poolingType: 'CLS',
  normalize: false,
  maxLength: 128,
  paddingSide: 'left',
  queryInstruction: '',
  embedInstruction: 'passage: ',
  dimensions: 64,
  truncate: 'error',
  revision: 'main',
  cacheDir: '/cache',
  offline: true,
  timeoutMs: Infinity,
  logger: silent,
  signal: new AbortController().signal,
  onProgress: () => {},
};

describe('load options', () => {
  test('of every kind are taken, and undefined counts as not given', () => {
    expect(() => checkLoadOptions(GOOD)).not.toThrow();
    expect(() => checkLoadOptions({ device: undefined } as never)).not.toThrow();
    expect(() => checkLoadOptions({ logger: console, buckets: 32, timeoutMs: 0 })).not.toThrow();
  });

  test.each<[keyof LoadOptions, unknown]>([
    ['device', ''],
    ['device', 7],
    ['device', []],
    ['device', ['NPU', '']],
    ['fallback', 'CPU'],
    ['precision', 'int4'],
    ['activations', 'int4'],
    ['activations', 'int8'],
    ['streams', 0],
    ['threads', 1.5],
    ['buckets', []],
    ['buckets', [16, 0]],
    ['buckets', '16'],
    ['batchTokens', Number.NaN],
    ['maxBatchSize', '64'],
    ['batchDelayMs', -1],
    ['batchDelayMs', 1_001],
    ['maxQueue', 10],
    ['maxQueue', { rows: 5 }],
    ['performance', 'fast'],
    ['queueTimeoutMs', -1],
    ['poolingType', 'mean'],
    ['normalize', 1],
    ['maxLength', 2 ** 60],
    ['paddingSide', 'top'],
    ['queryInstruction', null],
    ['queryInstruction', '\ud800'],
    ['embedInstruction', 5],
    ['dimensions', -1],
    ['truncate', 'middle'],
    ['revision', ''],
    ['cacheDir', false],
    ['offline', 'yes'],
    ['timeoutMs', -1],
    ['timeoutMs', Number.NaN],
    ['logger', {}],
    ['signal', {}],
    ['onProgress', true],
  ])('%s: %j is ERR_INVALID_ARGUMENT and named', (name, value) => {
    const check = () => checkLoadOptions({ [name]: value } as LoadOptions);
    expect(check).toThrow(OvembedError);
    expect(check).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(name) }),
    );
  });

  test('that are unknown are errors with the nearest name and the list', () => {
    const check = () => checkLoadOptions({ batchToken: 5 } as never);
    expect(check).toThrow(
      'Unknown option "batchToken" for Embedder.load. Did you mean batchTokens? Valid options: daemon, device,',
    );
    expect(() => checkLoadOptions({ cash: {} } as never)).toThrow('Did you mean cache?');
    expect(() => checkLoadOptions({ deamon: true } as never)).toThrow('Did you mean daemon?');
    expect(() => checkLoadOptions({ constructor: 1 } as never)).toThrow('Unknown option "constructor"');
  });

  test('must be an object', () => {
    expect(() => checkLoadOptions([] as never)).toThrow('Expected an object for the options of Embedder.load');
    expect(() => checkLoadOptions(null as never)).toThrow('received null');
  });

  test('of the queue are positive, and named', () => {
    expect(() => checkLoadOptions({ maxQueue: { texts: 0 } })).toThrow('for texts, received 0');
    expect(() => checkLoadOptions({ maxQueue: { tokens: 1.5 } })).toThrow('for tokens, received 1.5');
  });

  test('do not ask for more streams than threads', () => {
    expect(() => checkLoadOptions({ streams: 3, threads: 2 })).toThrow('at most as many streams as threads (2)');
  });
});

test('call options are checked in the same way', () => {
  expect(() => checkEmbedOptions({ inputType: 'document', prompt: '', dimensions: 5 }, 'embed')).not.toThrow();
  expect(() => checkEmbedOptions({ inputtype: 'query' } as never, 'embed')).toThrow(
    'for embed. Did you mean inputType?',
  );
  expect(() => checkEmbedOptions({ batchSize: 5 } as never, 'embed')).toThrow('Unknown option');
  expect(() => checkEmbedOptions({ priority: 'high' as never }, 'embed')).toThrow('priority');
  expect(() => checkEmbedOptions({ priority: 'bulk', queueTimeoutMs: Infinity }, 'embed')).not.toThrow();
  expect(() => checkStreamOptions({ batchSize: 5 })).not.toThrow();
});

test('nearestTo offers what was probably meant, and nothing far off', () => {
  const names = ['device', 'precision', 'streams'];
  expect([nearestTo('devices', names), nearestTo('PRECISION', names), nearestTo('colour', names)]).toEqual([
    'device',
    'precision',
    undefined,
  ]);
});
