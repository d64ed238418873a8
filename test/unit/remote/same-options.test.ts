/** Which options of `load` must be those of the server. */
import { describe, expect, test } from 'vitest';
import type { EmbedderInfo, LoadOptions } from '../../../lib/index.js';
import { decisiveOf, differenceOf } from '../../../lib/remote/same-options.js';

/** What a server came to. */
const INFO = {
  precision: 'bf16',
  activations: 'bf16',
  dimensions: 384,
  truncate: 'end',
  device: 'CPU',
} as unknown as EmbedderInfo;

/** As the answer of a server comes: without what is undefined. */
const difference = (asked: LoadOptions, given: LoadOptions, info = INFO) =>
  differenceOf(asked, JSON.parse(JSON.stringify(decisiveOf(given))), info);

describe('agree', () => {
  test.for<[LoadOptions, LoadOptions]>([
    [{}, {}],
    [{ precision: 'auto', device: 'auto', fallback: true }, {}],
    [{}, { precision: 'auto', shapes: 'dynamic' }],
    [
      { dimensions: 128, truncate: 'error' },
      { dimensions: 128, truncate: 'error' },
    ],
    [{ buckets: [16, 32] }, { buckets: [16, 32] }],
    [{ fallback: { tries: 2 } }, { fallback: { tries: 2 } }],
    // What the server came to by itself.
    [{ precision: 'bf16', dimensions: 384, truncate: 'end', device: 'CPU' }, {}],
    // What vectors do not depend on.
    [{ streams: 2, threads: 2, batchTokens: 512, timeoutMs: 1, cache: {}, cacheDir: 'x' }, { performance: 'latency' }],
  ])('%j and %j', ([asked, given]) => {
    expect(difference(asked, given)).toBeUndefined();
  });
});

describe('differ', () => {
  test.for<[LoadOptions, LoadOptions, string]>([
    [{ precision: 'f32' }, {}, 'precision is "auto", and "f32" is wanted'],
    [{}, { precision: 'bf16' }, 'precision is "bf16", and "auto" is wanted'],
    [{}, { dimensions: 128 }, 'dimensions is 128, and the default is wanted'],
    [{ dimensions: 128 }, {}, 'dimensions is the default, and 128 is wanted'],
    [{ truncate: 'error' }, {}, 'truncate'],
    [{ buckets: 32 }, {}, 'buckets'],
    [{ device: 'GPU' }, {}, 'device'],
    [{ fallback: false }, {}, 'fallback'],
    [{ shapes: 'static' }, {}, 'shapes'],
    [{ distribute: true }, {}, 'distribute'],
    [{ ranges: 'ranges.json' }, {}, 'ranges'],
  ])('%j and %j', ([asked, given, expected]) => {
    expect(difference(asked, given)).toContain(expected);
  });
});
