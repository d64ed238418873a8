/** An encoder as OpenVINO IR that no device takes as it is: part of it has shapes of values, part is refused by the CPU. */
import { writeFileSync } from 'node:fs';

/** Element types as ports name them. */
const PRECISION = { i64: 'I64', f32: 'FP32' };

interface Layer {
  name: string;
  type: string;
  opset?: number;
  data?: string;
  /** Names of the layers whose outputs it takes. */
  from?: string[];
  /** Element type of its output; none: it is a result. */
  gives?: keyof typeof PRECISION;
  /** Of the output; -1: open. */
  shape?: number[];
}

/**
 * input_ids [?, ?] → last_hidden_state [?, ?, 32]: a look-up, LRN ("odd") along axes that are computed, and the number of
 * ids other than 0 (NonZero, "where").
 * @param path of the files, without .xml and .bin
 */
export function writeOddIr(path: string): void {
  const bin: Buffer[] = [];
  const constant = (name: string, type: 'i64' | 'f32', shape: number[], values: number[]): Layer => {
    const array = type === 'i64' ? BigInt64Array.from(values.map(BigInt)) : Float32Array.from(values);
    const offset = Buffer.concat(bin).length;
    bin.push(Buffer.from(array.buffer));
    const data = `element_type="${type}" shape="${shape}" offset="${offset}" size="${array.byteLength}"`;
    return { name, type: 'Const', data, gives: type, shape };
  };
  const table = Array.from({ length: 64 * 32 }, (_, i) => Math.sin(i));
  const sum = { type: 'ReduceSum', data: 'keep_dims="false"' };
  const layers: Layer[] = [
    { name: 'input_ids', type: 'Parameter', data: 'shape="?,?" element_type="i64"', gives: 'i64', shape: [-1, -1] },
    constant('table', 'f32', [64, 32], table),
    constant('zero', 'i64', [], [0]),
    constant('first', 'i64', [1], [0]),
    constant('all', 'i64', [2], [0, 1]),
    {
      name: 'vectors',
      type: 'Gather',
      opset: 8,
      data: 'batch_dims="0"',
      from: ['table', 'input_ids', 'zero'],
      gives: 'f32',
      shape: [-1, -1, 32],
    },
    { ...sum, name: 'axis', from: ['input_ids', 'all'], gives: 'i64', shape: [] },
    { name: 'axes', type: 'Unsqueeze', from: ['axis', 'first'], gives: 'i64', shape: [1] },
    {
      name: 'odd',
      type: 'LRN',
      data: 'alpha="1" beta="1" bias="1" size="1"',
      from: ['vectors', 'axes'],
      gives: 'f32',
      shape: [-1, -1, 32],
    },
    {
      name: 'where',
      type: 'NonZero',
      opset: 3,
      data: 'output_type="i64"',
      from: ['input_ids'],
      gives: 'i64',
      shape: [2, -1],
    },
    { name: 'places', type: 'Convert', data: 'destination_type="f32"', from: ['where'], gives: 'f32', shape: [2, -1] },
    { ...sum, name: 'number', from: ['places', 'all'], gives: 'f32', shape: [] },
    {
      name: 'last_hidden_state',
      type: 'Add',
      data: 'auto_broadcast="numpy"',
      from: ['odd', 'number'],
      gives: 'f32',
      shape: [-1, -1, 32],
    },
    { name: 'result', type: 'Result', from: ['last_hidden_state'] },
  ];
  const xml = `<?xml version="1.0"?><net name="odd" version="11"><layers>${layers.map(layerOf).join('')}</layers><edges>${edgesOf(layers)}</edges></net>`;
  writeFileSync(`${path}.xml`, xml);
  writeFileSync(`${path}.bin`, Buffer.concat(bin));
}

function layerOf({ name, type, opset = 1, data, from = [], gives, shape = [] }: Layer, id: number): string {
  const dims = shape.map((size) => `<dim>${size}</dim>`).join('');
  const inputs = from.map((_, port) => `<port id="${port}"/>`).join('');
  const output =
    gives &&
    `<output><port id="${from.length}" precision="${PRECISION[gives]}" names="${name}">${dims}</port></output>`;
  const parts = [data && `<data ${data}/>`, inputs && `<input>${inputs}</input>`, output].filter(Boolean).join('');
  return `<layer id="${id}" name="${name}" type="${type}" version="opset${opset}">${parts}</layer>`;
}

function edgesOf(layers: readonly Layer[]): string {
  const idOf = (name: string) => layers.findIndex((layer) => layer.name === name);
  const edges = layers.flatMap(({ from = [] }, to) =>
    from.map((name, port) => {
      const id = idOf(name);
      return `<edge from-layer="${id}" from-port="${layers[id]?.from?.length ?? 0}" to-layer="${to}" to-port="${port}"/>`;
    }),
  );
  return edges.join('');
}
