/** What is asked to get a computation again, as workers of a job do. */
import { expect, test } from 'vitest';
import { askedFor, asStored, type Computation, int8 } from '../../../lib/devices/computation.js';

test.each(['none', 'weights', 'static'] as const)('what is asked gives it again: %s stored', (stored) => {
  for (const activations of ['f32', 'bf16', 'f16', 'int8', 'int8+bf16'] as const) {
    const found: Computation = asStored(int8(activations), stored);
    expect(asStored(int8(askedFor(found.activations)), stored)).toEqual(found);
  }
});
