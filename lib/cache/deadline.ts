/** A limit on how long an answer is waited for. */
import { type Clock, systemClock } from '../batching/clock.js';
import { OvembedError } from '../errors.js';

/**
 * The answer, or `ERR_TIMEOUT` after `ms`. What comes later is dropped, failures too. An answer that has arrived while this
 * process was too busy to look is still taken: sockets are read once more before the time counts as over.
 */
export function withDeadline<T>(answer: Promise<T>, ms: number, clock: Clock = systemClock): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.soon(ms, () => {
      setImmediate(() => reject(new OvembedError('ERR_TIMEOUT', `No answer within ${ms} ms.`)));
    });
    answer.then(resolve, reject).finally(cancel);
  });
}
