/**
 * Parts of ovembed below its public interface, from the built package: the ceiling needs the same graph without the
 * policies, and tokens must be counted by one tokenizer for all.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** @returns {import('../dist/native.js').NativeAddon} */
export function native() {
  return built('native').native();
}

/** @returns {typeof import('../dist/models/index.js')} */
export function models() {
  return built('models/index');
}

/** @throws Error that says what to do if the package has not been built */
function built(name) {
  try {
    return require(`../dist/${name}.js`);
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') throw cause;
    throw new Error('ovembed is not built: run "npm ci" or "npm run build" first', { cause });
  }
}

/** How texts become tokens for this model. */
export function encodeOptions(spec) {
  return { maxLength: spec.maxLength, offsets: false, addSpecialTokens: true };
}

/** Where the tests keep the redis-server that they have fetched. */
export function fetchedRedis() {
  return join(built('cache-dir').ovembedCacheDir(), 'redis-server-7.0.15');
}
