/** Whether a model can run on a device, as far as that can be told beforehand. The device need not be there. */
import { adviceFor } from './devices/absent.js';
import { BlobCache, blobKeyOf } from './devices/blobs.js';
import { sizeOfWeights } from './devices/choose-pipeline.js';
import { findAhead } from './devices/compiled-ahead.js';
import { type Computation, nameOf, nativeComputation } from './devices/computation.js';
import { takesOneShape } from './devices/open-devices.js';
import { type DevicePlan, planDevice } from './devices/plan.js';
import { computationOf, type PrecisionRequest } from './devices/precision.js';
import type { Logger } from './logger.js';
import { type FoundSource, firstSupported, graphIdentity, type ModelSpec } from './models/index.js';
import { callNative, type NativeAddon, type NativeShapeReport } from './native.js';

export interface DeviceReport {
  /** As OpenVINO takes it. */
  device: string;
  /** The device's full name; null: it is not here. */
  name: string | null;
  /** Why it is not here and what to do; null: it is. */
  problem: string | null;
  driver: string | null;
  /** OpenVINO's OPTIMIZATION_CAPABILITIES. */
  capabilities: readonly string[];
  /** Where the compiler for the device is; null: there is none. */
  compiler: 'package' | 'driver' | null;
  /** All that its plugin supports, by OpenVINO's names; null: not to be read, or not without the device. */
  properties: Readonly<Record<string, string | null>>;
  /** Whether it takes nothing but fixed shapes. */
  takesOneShape: boolean;
  /** As `nameOf` names a computation. */
  precision: string;
  /** The file of the graph. */
  source: string;
  /** Of the files of the weights. Every compiled model lays them out anew. */
  weightsBytes: number;
  /** Of the graph, constants left out. */
  operations: number;
  shapes: readonly ShapeReport[];
  /** False: it cannot run there. True: nothing is known that stands against it. Null: the device could not be asked. */
  fits: boolean | null;
}

export interface ShapeReport extends NativeShapeReport {
  /** Where a compiled model for the shape is; null: it would have to be compiled. */
  compiled: 'cache' | 'model folder' | null;
}

export interface DeviceReportRequest extends PrecisionRequest {
  addon: NativeAddon;
  spec: ModelSpec;
  device: string;
  /** What the device was found to compute this model in, if it runs it. */
  computation: Computation | undefined;
  /** Tokens of the texts, one text at a time. */
  buckets: readonly number[];
  /** ovembed's cache folder. */
  cacheDir: string;
  logger: Logger;
}

/** @throws OvembedError `ERR_DEVICE_UNAVAILABLE` where OpenVINO has no plugin for the device; what is wrong with the model */
export async function reportDevice(request: DeviceReportRequest): Promise<DeviceReport> {
  const { addon, spec, device, logger } = request;
  const properties = await callNative(() => addon.deviceProperties(device));
  const { plan, problem } = await lookFor(device, addon);
  const capabilities = properties.OPTIMIZATION_CAPABILITIES?.split(' ').filter(Boolean) ?? [];
  const computation = request.computation ?? computationOf(request, capabilities);
  const { source, result } = await firstSupported(spec, logger, (candidate) =>
    callNative(() =>
      addon.modelReport({
        source: candidate,
        device,
        ...nativeComputation(computation),
        ...{ streams: 1, threads: addon.availableCpus() },
        widths: Uint32Array.from(request.buckets),
        asksDevice: plan !== null,
      }),
    ),
  );
  const shapes = await withCompiled(result.shapes, { ...request, source, plan, computation });
  const oneShape = takesOneShape({ device });
  return {
    device,
    name: plan?.fullName ?? null,
    problem,
    driver: plan?.driver ?? null,
    capabilities,
    compiler: compilerOf(oneShape, plan !== null, properties),
    properties,
    takesOneShape: oneShape,
    precision: nameOf(computation),
    source: source.file,
    weightsBytes: await sizeOfWeights(source),
    operations: result.operations,
    shapes,
    fits: fits(shapes, oneShape),
  };
}

async function lookFor(
  device: string,
  addon: NativeAddon,
): Promise<{ plan: DevicePlan | null; problem: string | null }> {
  const present = await callNative(() => addon.devices());
  try {
    return { plan: planDevice(device, present), problem: null };
  } catch (error) {
    const advice = await adviceFor(device);
    return { plan: null, problem: [(error as Error).message, advice].filter(Boolean).join(' ') };
  }
}

/** OpenVINO's package has one for NPUs on Windows alone, and the plugin knows platforms only where it is. */
function compilerOf(isNpu: boolean, isHere: boolean, properties: DeviceReport['properties']): DeviceReport['compiler'] {
  if (isNpu && !('NPU_PLATFORM' in properties)) return isHere ? 'driver' : null;
  return isNpu || isHere ? 'package' : null;
}

async function withCompiled(
  shapes: readonly NativeShapeReport[],
  found: DeviceReportRequest & { source: FoundSource; plan: DevicePlan | null; computation: Computation },
): Promise<ShapeReport[]> {
  const { addon, spec, device, source, plan, computation, cacheDir } = found;
  const graph = await graphIdentity({ ...spec, sources: [source] }, { cacheDir });
  const blobs = new BlobCache(cacheDir);
  const where = async ({ shape }: NativeShapeReport): Promise<ShapeReport['compiled']> => {
    const described = plan ?? { device, fullName: device };
    const key = await blobKeyOf(graph, described, computation, shape, addon.runtimeVersion);
    if (plan && (await blobs.has(key))) return 'cache';
    return (await findAhead(source.file, key)) ? 'model folder' : null;
  };
  return Promise.all(shapes.map(async (shape) => ({ ...shape, compiled: await where(shape) })));
}

function fits(shapes: readonly ShapeReport[], oneShape: boolean): boolean | null {
  const standsAgainst = ({ origins, unsupported }: ShapeReport) =>
    (oneShape && origins.length > 0) || (unsupported ?? []).length > 0;
  if (shapes.some(standsAgainst)) return false;
  return shapes.every(({ problem, unsupported }) => problem === null && unsupported !== null) ? true : null;
}
