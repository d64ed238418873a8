/** What a call asks for: its options, with the defaults of `load` where they say nothing. */
import type { Request } from './batching/windows.js';
import type { Call } from './batching/work.js';
import { CacheKeys } from './cache/key.js';
import { OvembedError } from './errors.js';
import type { InputRules } from './input.js';
import { checkDimensions, type EmbedderParts } from './load.js';
import type { EmbedOptions, InputOptions, InputType } from './options.js';
import { LONGEST_TIMER_MS } from './signals.js';
import { resolvePrompt } from './text/prompts.js';
import { needsRanges } from './vectors/check.js';
import { VectorCodec } from './vectors/codec.js';
import { type Dtype, isPacked } from './vectors/dtype.js';
import { checkRanges } from './vectors/quantization.js';

/** A call's request, what its inputs may be, and what its vectors are given back as. */
export interface Asked<D extends Dtype> {
  request: Request;
  rules: InputRules;
  codec: VectorCodec<D>;
}

/**
 * @param name the method, for messages
 * @param inputType of the method, where the options name no prompt
 */
export function requestOf<D extends Dtype>(
  parts: EmbedderParts,
  name: string,
  options: EmbedOptions<D>,
  inputType?: InputType,
): Asked<D> {
  const { engine, pipeline, prompts, defaults } = parts;
  const { dimensions = defaults.dimensions, normalize = defaults.normalize, truncate = defaults.truncate } = options;
  checkDimensions(dimensions, pipeline);
  const { prompt, promptName } = options;
  const explicit = prompt !== undefined || promptName !== undefined;
  const noTokenIds = explicit ? 'a prompt cannot be put in front of token ids' : undefined;
  return {
    request: {
      call: callOf(parts, name, options),
      prompt: resolvePrompt(prompts, { prompt, promptName, inputType: options.inputType ?? inputType }),
      truncate,
      infer: { output: 'pooled', dimensions: dimensions === pipeline.dimensions ? 0 : dimensions, normalize },
    },
    rules: { vocabSize: engine.tokenizer.vocabSize, noTokenIds },
    codec: codecOf(parts, options, dimensions, normalize),
  };
}

/** What the vectors of a call are given back as, if the cache keeps vectors that can become that. */
function codecOf<D extends Dtype>(
  parts: EmbedderParts,
  options: EmbedOptions<D>,
  dimensions: number,
  normalize: boolean,
): VectorCodec<D> {
  const { engine, defaults, converter, info, keptDtype } = parts;
  const { dtype = 'float32' as D, ranges = defaults.ranges } = options;
  if (isPacked(keptDtype) && !isPacked(dtype)) {
    const message = `The cache keeps vectors of ${keptDtype}, of which no ${dtype} can be made: load with another cache.dtype.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }
  const use = { fingerprint: info.fingerprint, dimensions, normalize };
  if (engine.cache && needsRanges(keptDtype)) defaults.ranges?.checkUse(use);
  if (!needsRanges(dtype)) return new VectorCodec(dtype, dimensions, null, converter);
  checkRanges(dtype, ranges);
  ranges.checkUse(use);
  return new VectorCodec(dtype, dimensions, ranges, converter);
}

function callOf(
  { engine, defaults }: EmbedderParts,
  name: string,
  { priority = 'bulk', queueTimeoutMs, timeoutMs = 0 }: InputOptions,
): Call {
  const fallback = priority === 'interactive' ? defaults.interactiveQueueTimeoutMs : 0;
  const since = engine.scheduler.clock.now();
  return {
    name,
    priority,
    since,
    queueTimeoutMs: limitOf(queueTimeoutMs ?? fallback),
    timeoutMs: limitOf(timeoutMs),
  };
}

/** What no timer can wait for means the same as 0. */
function limitOf(ms: number): number {
  return ms <= LONGEST_TIMER_MS ? ms : 0;
}

/** Names of vectors by all that they depend on but where they are computed: the text, the model and the call's options. */
export function recordHashes<D extends Dtype>(
  { engine, info, defaults }: EmbedderParts,
  { request, codec }: Asked<D>,
  options: EmbedOptions<D>,
): CacheKeys {
  const ranges = options.ranges ?? defaults.ranges;
  const { prompt, truncate, infer } = request;
  return new CacheKeys('ovembed', {
    fingerprint: info.fingerprint,
    excludedPromptLength: engine.includePrompt ? 0 : prompt.length,
    truncate,
    maxLength: engine.plan.maxLength,
    normalize: infer.normalize,
    dimensions: codec.dimensions,
    dtype: codec.dtype,
    ranges: needsRanges(codec.dtype) ? (ranges?.digest ?? null) : null,
  });
}
