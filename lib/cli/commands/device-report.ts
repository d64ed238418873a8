/** What `ovembed info --device` says to people of a device and the model. */
import { basename } from 'node:path';
import type { DeviceReport, ShapeReport } from '../../device-report.js';
import type { Operation } from '../../native.js';
import { counted, megabytes } from '../figures.js';

/** Operations that are named; `--json` has all. */
const MOST_NAMED = 8;

const COMPILER = {
  package: "part of OpenVINO's package",
  driver: "the driver's",
  none: "none: OpenVINO's package has one for NPUs on Windows alone, elsewhere it comes with the driver",
};

/** Names and values, to be shown below each other. */
export function deviceRows(report: DeviceReport): [name: string, value: string][] {
  const { name, problem, driver, capabilities, compiler, precision, weightsBytes, source, shapes } = report;
  const isAbsent = name === null;
  return [
    ['state', isAbsent ? String(problem) : `${name}, ${driver ? `driver ${driver}` : 'no driver of its own'}`],
    ['can', capabilities.join(', ') || 'not told'],
    ...(isAbsent && !report.takesOneShape ? [] : [['compiler', COMPILER[compiler ?? 'none']] as [string, string]]),
    ['precision', precision],
    ['weights', `${megabytes(weightsBytes)} with ${basename(source)}, laid out anew for each length`],
    ...shapes.map((shape): [string, string] => [`[${shape.shape.rows}, ${shape.shape.width}]`, wordsOf(shape, report)]),
    ['conclusion', conclusionOf(report)],
  ];
}

function wordsOf(
  { problem, openOperations, origins, unsupported, compiled }: ShapeReport,
  report: DeviceReport,
): string {
  const parts: string[] = [];
  if (openOperations > 0) {
    parts.push(
      `shapes of ${openOperations} of ${counted(report.operations, 'operation')} stay open, from ${listed(origins)} on`,
    );
  } else if (unsupported || !problem) parts.push('all shapes fixed');
  if (unsupported)
    parts.push(unsupported.length > 0 ? `not supported: ${listed(unsupported)}` : 'all operations supported');
  else if (!problem) parts.push('operations not asked, as the device is not here');
  if (problem) parts.push(problem.trim());
  else parts.push(compiled ? `compiled: in the ${compiled}` : 'not compiled yet');
  return parts.join('; ');
}

function listed(operations: readonly Operation[]): string {
  const named = operations.slice(0, MOST_NAMED).map(({ type, name }) => `${type} ${JSON.stringify(name)}`);
  const more = operations.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function conclusionOf({ fits, name, takesOneShape, shapes }: DeviceReport): string {
  if (fits === false) return 'the model cannot run on this device';
  if (fits) return `nothing stands against it${takesOneShape ? '; only compiling tells for certain' : ''}`;
  const isFixed = shapes.every(({ problem, openOperations }) => problem === null && openOperations === 0);
  const model = isFixed ? 'the shapes of the model are no obstacle' : 'see above what is in the way';
  return name === null ? `not on this machine; ${model}` : `not known; ${model}`;
}
