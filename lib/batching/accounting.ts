/** What a call's texts took, added up batch by batch. */
import type { RanOn } from '../devices/computation.js';
import type { RunMetadata, Timings } from '../embeddings.js';
import type { Engine } from './windows.js';
import type { PartResult } from './work.js';

export function noTimings(): Timings {
  return { totalMs: 0, tokenizeMs: 0, queueMs: 0, inferMs: 0, poolMs: 0 };
}

export function noBatches({ device, precision, activations }: Engine): RunMetadata {
  return {
    device,
    devices: [device],
    precision,
    activations,
    batches: 0,
    paddedTokens: 0,
    cacheHits: 0,
    duplicates: 0,
  };
}

/** Adds what a batch did for some texts of a call to what was done for others. */
export function addPart(timings: Timings, metadata: RunMetadata, { rows, queueMs, batch, ran }: PartResult): void {
  timings.queueMs = metadata.batches === 0 ? queueMs : Math.min(timings.queueMs, queueMs);
  timings.inferMs += batch.inferMs;
  timings.poolMs += batch.poolMs;
  if (batch.ranOn) addDevice(metadata, batch.ranOn);
  metadata.batches++;
  metadata.paddedTokens += (ran ?? rows.length) * batch.bucket;
}

function addDevice(metadata: RunMetadata, { device, precision, activations }: RanOn): void {
  if (metadata.batches === 0) Object.assign(metadata, { device, devices: [device], precision, activations });
  else if (!metadata.devices.includes(device)) metadata.devices.push(device);
}
