/** What a compiled model really runs on. */
import type { NativePipeline } from '../native.js';

/**
 * Tells the devices that OpenVINO names for a pipeline: members of `AUTO:…`, `HETERO:…`, `MULTI:…`, of which those of `AUTO`
 * change while it works. Once the pipeline is closed, those that were named last.
 */
export function executionDevicesOf(pipeline: NativePipeline): () => readonly string[] {
  let last = pipeline.executionDevices;
  return () => {
    try {
      last = pipeline.executionDevices;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_CLOSED') throw error;
    }
    return last;
  };
}
