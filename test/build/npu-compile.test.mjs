/** npm run test:npu-compile can fail; and, where Wine and mingw-w64 are, one graph goes the whole way to every NPU. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npuPrerequisites, prerequisites, requirePrerequisites } from '../../scripts/build/prerequisites.mjs';
import { checkNpuBlob } from '../../scripts/npu/blob.mjs';
import { npuCompiler } from '../../scripts/npu/compiler.mjs';
import { casesOf, jobOf, judge, PLATFORMS, tableOf } from '../../scripts/npu/matrix.mjs';
import { architectureNames, tinyModel } from '../../scripts/npu/models.mjs';
import { Outcomes } from '../../scripts/npu/outcomes.mjs';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-npu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An ELF file of sections as the NPU compiler writes it, with the plugin's metadata behind it. */
function blobOf(sections, end = 'OVNPU') {
  const named = [{ name: '' }, { name: '.strtab' }, ...sections];
  const names = Buffer.from(named.map(({ name }) => `${name}\0`).join(''), 'latin1');
  named[1].content = names;
  const table = Buffer.alloc(named.length * 64);
  const contents = [];
  let at = 64 + table.length;
  named.forEach(({ name, type = 1, content = Buffer.alloc(0) }, i) => {
    table.writeUInt32LE(names.indexOf(`${name}\0`, 0, 'latin1'), i * 64);
    table.writeUInt32LE(i === 0 ? 0 : type, i * 64 + 4);
    table.writeBigUInt64LE(BigInt(at), i * 64 + 24);
    table.writeBigUInt64LE(BigInt(content.length), i * 64 + 32);
    contents.push(content);
    at += content.length;
  });
  const header = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]).copy(header);
  header.writeBigUInt64LE(64n, 40);
  for (const [i, value] of [64, named.length, 1].entries()) header.writeUInt16LE(value, 58 + 2 * i);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(at));
  return Buffer.concat([header, table, ...contents, Buffer.from('metadata'), size, Buffer.from(end)]);
}

/** A table of symbols: ELF's empty one, then one of each size. */
function symbols(...sizes) {
  const table = Buffer.alloc((sizes.length + 1) * 24);
  for (const [i, size] of sizes.entries()) table.writeBigUInt64LE(BigInt(size), (i + 1) * 24 + 16);
  return table;
}

const parts = ({ platform = '4000', input = 32 * 8, dpu = 64 } = {}) => [
  { name: 'compatibility_string', content: Buffer.from(`compiler=8.4;npu=${platform};t=4\0`) },
  { name: 'task.dpu.variant.0.0', content: Buffer.alloc(dpu) },
  { name: 'task.shave.invocation.0.0', content: Buffer.alloc(96) },
  { name: 'symtab.io.NetworkInput', content: symbols(input, input) },
  { name: 'symtab.io.NetworkOutput', content: symbols(4096) },
];
const expected = { platform: '4000', rows: 1, width: 32 };

describe('an NPU blob', () => {
  it('tells its platform, inputs, outputs and tasks', () => {
    expect(checkNpuBlob(blobOf(parts()), expected)).toEqual({
      compatibility: { compiler: '8.4', npu: '4000', t: '4' },
      inputs: [256, 256],
      outputs: [4096],
      dpuBytes: 64,
      shaveBytes: 96,
    });
  });

  it.each([
    ['of another platform', blobOf(parts({ platform: '3720' })), 'platform: expected 4000, received 3720'],
    ['of another shape', blobOf(parts({ input: 128 * 8 })), 'bytes of an input: expected 256, received 1024'],
    ['without inputs', blobOf(parts().slice(0, 3)), 'inputs: expected some'],
    ['that leaves products to others', blobOf(parts({ dpu: 0 })), 'tasks of matrix engines'],
    ['cut short', blobOf(parts()).subarray(0, -20), 'cut short'],
    ['of another device', blobOf(parts(), 'OVCPU'), 'not exported by the NPU plugin'],
    ['of zeros', Buffer.concat([Buffer.alloc(600), blobOf(parts()).subarray(600)]), 'not an ELF file'],
    [
      'that lost its middle',
      Buffer.concat([blobOf(parts()).subarray(0, 700), blobOf(parts()).subarray(-30)]),
      'expected',
    ],
  ])('%s is refused', (_, file, problem) => {
    expect(() => checkNpuBlob(file, expected)).toThrow(problem);
  });
});

describe('the matrix', () => {
  const models = [{ name: 'bert-gelu', type: 'bert', files: { f16: 'f16.xml', int8: 'int8.xml' } }];
  const cases = casesOf(models, { buckets: [32, 128] });

  it('is every precision and bucket on every platform, and a question to each plugin', () => {
    expect(cases).toHaveLength((2 * 2 + 1) * 3);
    expect(cases.filter(({ asked }) => asked).map(({ platform }) => platform)).toEqual(Object.keys(PLATFORMS));
  });

  it('holds a compiler that fails, leaves nothing, or splits the graph for a failure', () => {
    const [first] = cases;
    const question = cases.find(({ asked }) => asked);
    const file = join(folder, 'hetero.blob');
    const hetero = (...devices) =>
      writeFileSync(file, `<hetero>${devices.map((d) => `<compiled_submodel device="${d}"/>`).join('')}</hetero>`);
    expect(judge(first, 'no such operation', file)).toEqual({ problem: 'no such operation' });
    expect(judge(first, null, file).problem).toContain('left no file');
    hetero('NPU', 'CPU', 'NPU');
    expect(judge(question, null, file).problem).toContain('received NPU, CPU, NPU');
    hetero('NPU');
    expect(judge(question, null, file).problem).toBeNull();
    expect(judge(first, null, file).problem).toContain('not exported by the NPU plugin');
  });

  it('holds a known refusal for no failure, unless the message is another or it compiles', () => {
    const [known] = casesOf([{ name: 'qwen3-fused', type: 'qwen3', files: { f16: 'f16.xml' } }], { buckets: [32] });
    expect(judge(known, '[vpux] UnrollPermuteDMA Pass failed : …', '')).toMatchObject({
      problem: null,
      refused: expect.any(String),
    });
    expect(judge(known, 'no such operation', '').problem).toBe('no such operation');
    expect(judge(known, null, '').problem).toContain('take it off the list');
    expect(judge({ ...known, platform: '4000' }, 'UnrollPermuteDMA Pass failed', '').problem).toContain('Unroll');
  });

  it('is kept line by line, so that a run can go on', () => {
    const file = join(folder, 'outcomes.jsonl');
    const [one, other] = cases;
    new Outcomes(file, false).keep({ ...one, problem: null, bytes: 7 });
    appendFileSync(file, '{"model":"cut');
    const second = new Outcomes(file, true);
    expect([second.of(one)?.bytes, second.of(other)]).toEqual([7, undefined]);
    expect(new Outcomes(file, false).of(one)).toBeUndefined();
  });

  it('is told as a table, with what failed below', () => {
    const outcomes = cases.map((wanted, i) => ({ ...wanted, problem: i === 0 ? 'no such operation' : null }));
    expect(tableOf(outcomes)).toBe(`| architecture | configurations | 3720 | 4000 | 5010 |
| --- | --- | --- | --- | --- |
| bert | bert-gelu | 4 of 5 | 5 of 5 | 5 of 5 |

- bert-gelu f16 [1, 32] 3720: no such operation`);
  });
});

/** NonZero of the ids: as many columns as there are ids other than 0. */
function graphOfOpenShape() {
  const dims = (...sizes) => sizes.map((size) => `<dim>${size}</dim>`).join('');
  const port = (id, ...sizes) => `<port id="${id}" precision="I64">${dims(...sizes)}</port>`;
  const layer = (id, name, type, opset, data, ports) =>
    `<layer id="${id}" name="${name}" type="${type}" version="opset${opset}">${data}${ports}</layer>`;
  const layers = [
    layer(0, 'ids', 'Parameter', 1, '<data shape="?,?" element_type="i64"/>', `<output>${port(0, -1, -1)}</output>`),
    layer(
      1,
      'where',
      'NonZero',
      3,
      '<data output_type="i64"/>',
      `<input>${port(0, -1, -1)}</input><output>${port(1, 2, -1)}</output>`,
    ),
    layer(2, 'result', 'Result', 1, '', `<input>${port(0, 2, -1)}</input>`),
  ];
  const edge = (from, fromPort, to) =>
    `<edge from-layer="${from}" from-port="${fromPort}" to-layer="${to}" to-port="0"/>`;
  const file = join(folder, 'open.xml');
  const edges = `<edges>${edge(0, 0, 1)}${edge(1, 1, 2)}</edges>`;
  writeFileSync(
    file,
    `<?xml version="1.0"?><net name="open" version="11"><layers>${layers.join('')}</layers>${edges}</net>`,
  );
  writeFileSync(join(folder, 'open.bin'), '');
  return file;
}

function tools() {
  try {
    return requirePrerequisites([...prerequisites(), ...npuPrerequisites()], undefined, 'The NPU compiler');
  } catch (error) {
    console.warn(`Compiling for NPUs is not tested. ${error.message}`);
    return null;
  }
}

const found = tools();

describe.skipIf(!found)('the compiler under Wine', { timeout: 300_000 }, () => {
  let compile;
  let model;
  const blob = join(folder, 'npu.blob');

  beforeAll(async () => {
    compile = await npuCompiler({ ...found, log: () => {} });
    model = await tinyModel(architectureNames()[0], folder);
  }, 300_000);

  it.each(Object.keys(PLATFORMS))('compiles a graph for NPU %s', async (platform) => {
    const [wanted] = casesOf([model], { buckets: [32], platforms: [platform] });
    expect(judge(wanted, await compile(jobOf(wanted, blob)), blob).problem).toBeNull();
    const file = readFileSync(blob);
    expect(() => checkNpuBlob(file.subarray(0, file.length / 2), { platform, rows: 1, width: 32 })).toThrow(
      'cut short',
    );
    expect(() => checkNpuBlob(file, { platform, rows: 1, width: 128 })).toThrow('bytes of an input');
  });

  it('says why it does not compile', async () => {
    const [wanted] = casesOf([model], { buckets: [32], platforms: ['4000'] });
    const job = jobOf(wanted, blob);
    expect(await compile({ ...job, rows: 0 })).toMatch(/upper bound.*compile: /i);
    expect(await compile({ ...job, platform: '1234' })).toContain('1234');
    expect(await compile({ ...job, width: 1_000_000 })).toMatch(/^reshape: .*Add/);
    expect(await compile({ ...job, graph: join(folder, 'nothing.xml') })).toMatch(/^read: /);
    expect(await compile({ ...job, graph: graphOfOpenShape() })).toBe(
      'reshape: some shapes depend on values of the inputs',
    );
  });
});
