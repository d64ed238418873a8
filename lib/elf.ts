/** A look at the headers of a shared library of Linux, before the dynamic loader maps it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** `e_machine` of the processors that there are binaries for, by `process.arch`. */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

/** Covers the header and the table of segments, which follows it. */
const HEAD = 4_096;

/**
 * What is wrong with a file, if anything. The dynamic loader does not look at a file's length: one that was cut while it was
 * copied ends the process by SIGBUS. Nor does it tell of a library for another processor: it says that there is no file.
 * @throws NodeJS.ErrnoException if the file cannot be read
 */
export function problemOfElf(file: string, arch: string = process.arch): string | undefined {
  const handle = openSync(file, 'r');
  try {
    const head = Buffer.alloc(HEAD);
    const read = readSync(handle, head, 0, HEAD, 0);
    return problemOf(head.subarray(0, read), fstatSync(handle).size, arch);
  } finally {
    closeSync(handle);
  }
}

/** Layout of 64-bit little-endian ELF: gABI, chapters "ELF Header" and "Program Header". */
function problemOf(head: Buffer, size: number, arch: string): string | undefined {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return 'no library, or not the whole of one';
  const machine = head.readUInt16LE(18);
  const expected = MACHINES[arch];
  if (head[4] !== 2 || (expected !== undefined && machine !== expected)) return 'for another processor';
  const needed = Math.max(endOfSections(head), endOfSegments(head));
  return size < needed ? `cut: it has ${size} of at least ${needed} bytes` : undefined;
}

function endOfSections(head: Buffer): number {
  return Number(head.readBigUInt64LE(40)) + head.readUInt16LE(58) * head.readUInt16LE(60);
}

function endOfSegments(head: Buffer): number {
  const [first, entry, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
  let end = 0;
  for (let at = first; at < first + entry * count && at + 40 <= head.length; at += entry) {
    end = Math.max(end, Number(head.readBigUInt64LE(at + 8) + head.readBigUInt64LE(at + 32)));
  }
  return end;
}
