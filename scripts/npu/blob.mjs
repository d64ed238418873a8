/**
 * What a compiled NPU model says of itself. It is an ELF file without program headers, followed by the plugin's metadata;
 * its sections hold the tasks of the matrix engines (DPU), the vector cores (SHAVE) and the DMA. Their names are those
 * that the compiler of OpenVINO 2026.4 gives: one set for NPU 3720, another since 4000.
 */

const END_OF_PLUGIN_METADATA = 'OVNPU';
/** In front of it: bytes of the ELF file, as a 64-bit number. */
const SIZE_BYTES = 8;
const ELF_64_LITTLE_ENDIAN = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;

/** Sections without bytes in the file: ELF's own, and the NPU's on-chip memory. */
const UNSTORED = new Set([0, 8, 0x8aaaaaac, 0x8aaaaaad]);

const DPU_TASKS = /^(task\.dpu\.variant\.|\.text\.DPUVariants$)/;
const SHAVE_TASKS = /^(task\.shave\.invocation\.|\.text\.ActKernelInvocations$)/;
const INPUTS = /^\.?symtab\.(io\.Network)?input$/i;
const OUTPUTS = /^\.?symtab\.(io\.Network)?output$/i;

/**
 * @typedef {object} NpuBlob
 * @property {Record<string, string>} compatibility  such as `{ compiler: '8.4', npu: '4000', t: '4', elf: '1.2.2', mi: '11.4.10' }`;
 *   `npu` is the platform, `t` the tiles
 * @property {number[]} inputs      bytes of each
 * @property {number[]} outputs     bytes of each
 * @property {number} dpuBytes      of the tasks of the matrix engines
 * @property {number} shaveBytes    of the tasks of the vector cores
 */

/**
 * @param {Buffer} file  what the NPU plugin exported
 * @returns {NpuBlob}
 * @throws Error that says what is wrong with a file that is no such blob, or not the whole of it
 */
export function readNpuBlob(file) {
  const elf = elfOf(file);
  const sections = sectionsOf(elf);
  const bytesOf = (pattern) =>
    sections.filter(({ name }) => pattern.test(name)).reduce((sum, { size }) => sum + size, 0);
  const text = sections.find(({ name }) => name === 'compatibility_string')?.content.toString('latin1') ?? '';
  return {
    compatibility: Object.fromEntries(
      text
        .replace(/\0.*$/s, '')
        .split(';')
        .map((field) => field.split('=')),
    ),
    inputs: symbolSizes(sections, INPUTS),
    outputs: symbolSizes(sections, OUTPUTS),
    dpuBytes: bytesOf(DPU_TASKS),
    shaveBytes: bytesOf(SHAVE_TASKS),
  };
}

/**
 * Whether a blob is one for this platform and shape.
 * @param {Buffer} file
 * @param {{ platform: string, rows: number, width: number }} expected
 * @returns {NpuBlob}
 * @throws Error that says what was expected and what came
 */
export function checkNpuBlob(file, { platform, rows, width }) {
  const blob = readNpuBlob(file);
  const require = (what, expected, received) => {
    if (received !== expected) throw new Error(`${what}: expected ${expected}, received ${received}`);
  };
  require('platform', platform, blob.compatibility.npu);
  if (blob.inputs.length === 0) throw new Error('inputs: expected some, received none');
  for (const bytes of blob.inputs) require('bytes of an input', rows * width * 8, bytes); // token ids and masks in i64
  require('outputs', 1, blob.outputs.length);
  if (blob.dpuBytes === 0) throw new Error('tasks of matrix engines: expected some, received none');
  return blob;
}

function elfOf(file) {
  const end = file.length - END_OF_PLUGIN_METADATA.length;
  if (end < SIZE_BYTES || file.toString('latin1', end) !== END_OF_PLUGIN_METADATA) {
    throw new Error(`expected ${END_OF_PLUGIN_METADATA} at the end: cut short, or not exported by the NPU plugin`);
  }
  const size = Number(file.readBigUInt64LE(end - SIZE_BYTES));
  if (size < HEADER_BYTES || size > end - SIZE_BYTES)
    throw new Error(`expected ${size} bytes, received ${file.length}`);
  if (!file.subarray(0, ELF_64_LITTLE_ENDIAN.length).equals(ELF_64_LITTLE_ENDIAN)) throw new Error('not an ELF file');
  return file.subarray(0, size);
}

function sectionsOf(elf) {
  const start = Number(elf.readBigUInt64LE(40));
  const [bytes, count, names] = [58, 60, 62].map((at) => elf.readUInt16LE(at));
  if (bytes !== SECTION_BYTES || start + count * bytes > elf.length)
    throw new Error('its table of sections is damaged');
  const sections = Array.from({ length: count }, (_, i) => sectionAt(elf, start + i * bytes));
  const strings = sections[names]?.content ?? Buffer.alloc(0);
  return sections.map((section) => ({ ...section, name: stringAt(strings, section.nameAt) }));
}

function sectionAt(elf, at) {
  const [nameAt, type] = [elf.readUInt32LE(at), elf.readUInt32LE(at + 4)];
  const [offset, size] = [at + 24, at + 32].map((field) => Number(elf.readBigUInt64LE(field)));
  const stored = !UNSTORED.has(type);
  if (stored && offset + size > elf.length)
    throw new Error(`a section ends at ${offset + size} of ${elf.length} bytes`);
  return { nameAt, size, content: stored ? elf.subarray(offset, offset + size) : Buffer.alloc(0) };
}

function stringAt(strings, at) {
  const end = strings.indexOf(0, at);
  return end < 0 ? '' : strings.toString('latin1', at, end);
}

/** The first symbol of a table is ELF's own, of size 0. */
function symbolSizes(sections, pattern) {
  const tables = sections.filter(({ name }) => pattern.test(name)).map(({ content }) => content);
  return tables.flatMap((table) => {
    const count = Math.floor(table.length / SYMBOL_BYTES) - 1;
    return Array.from({ length: Math.max(count, 0) }, (_, i) =>
      Number(table.readBigUInt64LE((i + 1) * SYMBOL_BYTES + 16)),
    );
  });
}
