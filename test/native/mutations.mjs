/**
 * Damage to model folders, each case repeatable by its number: bytes, lengths, JSON values of other types and extreme sizes,
 * XML attributes, and files in each other's place.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { xorshift32 } from '../../scripts/models/random.mjs';

/**
 * Writes a damaged copy of one of the models in `bases` to `target`.
 * @param {string} bases  a folder of model folders
 * @param {string} target
 * @param {number} number
 * @returns {string} what was done
 */
export function writeMutant(bases, target, number) {
  const random = new Random(`mutant ${number}`);
  const base = random.pick(readdirSync(bases).sort());
  rmSync(target, { recursive: true, force: true });
  cpSync(join(bases, base), target, { recursive: true });
  const files = filesIn(target);
  const done = [];
  for (let steps = random.pick([1, 1, 1, 2]); steps > 0; steps--) {
    // What native code reads is the half of it, however many small files there are beside.
    const file = random.pick(
      random.below(2) ? files : files.filter((name) => READ_NATIVELY.test(relative(target, name))),
    );
    done.push(`${relative(target, file)}: ${damage(file, files, random)}`);
  }
  return `${base}, ${done.join(', ')}`;
}

const READ_NATIVELY = /^config\.json$|\.(onnx|onnx_data|xml|bin|safetensors|index\.json)$|tokenizer\.json$/;

/** @param {string} folder */
function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.sort();
}

class Random {
  /** @param {string} seed */
  constructor(seed) {
    this.next = xorshift32(seed);
  }

  /** A whole number from 0 to limit - 1. @param {number} limit */
  below(limit) {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** @template T @param {readonly T[]} choices @returns {T} */
  pick(choices) {
    return /** @type {T} */ (choices[this.below(choices.length)]);
  }
}

/**
 * @param {string} file
 * @param {string[]} files
 * @param {Random} random
 */
function damage(file, files, random) {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return 'gone already';
  if (random.below(20) === 0) return replaceFile(file, files, random);
  const content = readFileSync(file);
  const structured = random.below(3) > 0 ? structuredDamage(file, content, random) : undefined;
  const { what, bytes } = structured ?? byteDamage(content, random);
  writeFileSync(file, bytes);
  return what;
}

/**
 * @param {string} file
 * @param {string[]} files
 * @param {Random} random
 */
function replaceFile(file, files, random) {
  const other = random.pick(files);
  const how = random.pick(['removed', 'a folder', 'swapped']);
  if (how === 'swapped' && other !== file && statSync(other, { throwIfNoEntry: false })?.isFile()) {
    cpSync(other, file);
    return `replaced by ${basename(other)}`;
  }
  rmSync(file);
  if (how === 'a folder') mkdirSync(file);
  return how;
}

/**
 * @param {Buffer} content
 * @param {Random} random
 * @returns {{ what: string, bytes: Buffer }}
 */
function byteDamage(content, random) {
  const at = random.below(content.length);
  const length = 1 + random.below(Math.min(64, content.length - at));
  const noise = Buffer.from(Array.from({ length }, () => random.below(256)));
  const spliced = (/** @type {number} */ end, /** @type {Buffer} */ middle) =>
    Buffer.concat([content.subarray(0, at), middle, content.subarray(end)]);
  switch (random.below(7)) {
    case 0: {
      const bytes = Buffer.from(content);
      for (let flips = 1 + random.below(8); flips > 0; flips--) {
        const place = random.below(bytes.length);
        bytes[place] = /** @type {number} */ (bytes[place]) ^ (1 << random.below(8));
      }
      return { what: 'bits flipped', bytes };
    }
    case 1:
      return { what: `cut to ${at} bytes`, bytes: content.subarray(0, at) };
    case 2:
      return { what: `${length} bytes longer`, bytes: Buffer.concat([content, noise]) };
    case 3:
      return { what: `noise at ${at}`, bytes: spliced(at + length, noise) };
    case 4:
      return { what: `${length} bytes removed at ${at}`, bytes: spliced(at + length, Buffer.alloc(0)) };
    case 5:
      return { what: `${length} bytes inserted at ${at}`, bytes: spliced(at, noise) };
    default:
      return {
        what: `${length} bytes set at ${at}`,
        bytes: spliced(at + length, Buffer.alloc(length, random.pick([0, 255]))),
      };
  }
}

/**
 * Damage that leaves the format whole; undefined for a format that has none here.
 * @param {string} file
 * @param {Buffer} content
 * @param {Random} random
 */
function structuredDamage(file, content, random) {
  if (file.endsWith('.json')) return jsonDamage(content, random);
  if (file.endsWith('.xml')) return xmlDamage(content, random);
  if (!file.endsWith('.safetensors')) return undefined;
  const start = 8 + Number(content.readBigUInt64LE());
  const header = jsonDamage(content.subarray(8, start), random);
  if (!header) return undefined;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.bytes.length));
  return { what: `header: ${header.what}`, bytes: Buffer.concat([length, header.bytes, content.subarray(start)]) };
}

const DEEP = `${'['.repeat(5000)}${']'.repeat(5000)}`;
/** As JSON text, since some of them are no JavaScript values. */
const EXTREMES = [
  ...['null', 'true', 'false', '0', '-1', '1', '2', '0.5', '1e308', '1e400', '-0', '2147483647', '2147483648'],
  ...['4294967296', '9007199254740993', '18446744073709551616', '""', '"x"', '"\\u0000"', '"../../x"', '"\\ud800"'],
  ...['[]', '{}', '[[]]', '[null]', '{"":{}}', DEEP, JSON.stringify('x'.repeat(100_000))],
];

/**
 * @param {Buffer} content
 * @param {Random} random
 */
function jsonDamage(content, random) {
  /** @type {unknown} */
  let root;
  try {
    root = JSON.parse(content.toString('utf8'));
  } catch {
    return undefined; // damaged already
  }
  const holder = pickHolder(root, random);
  if (!holder) return undefined;
  const keys = Object.keys(holder);
  const key = random.pick(keys);
  const how = random.pick(['replaced', 'replaced', 'replaced', 'removed', 'renamed', 'exchanged', 'doubled']);
  const mark = '\u{10ffff}mutant';
  const extreme = random.pick(EXTREMES);
  if (how === 'replaced') holder[key] = mark;
  else if (how === 'exchanged') {
    const other = random.pick(keys);
    [holder[key], holder[other]] = [holder[other], holder[key]];
  } else if (how === 'doubled' && typeof holder[key] === 'number') holder[key] *= 2;
  else {
    if (how === 'renamed') holder[`${key}_`] = holder[key];
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  }
  const text = JSON.stringify(root).replace(JSON.stringify(mark), () => extreme);
  return {
    what: `${JSON.stringify(key)} ${how}${how === 'replaced' ? ` by ${extreme.slice(0, 30)}` : ''}`,
    bytes: Buffer.from(text),
  };
}

/**
 * An object or array of the document that is not empty, the outer ones likelier.
 * @param {unknown} value
 * @param {Random} random
 * @returns {Record<string, any> | undefined}
 */
function pickHolder(value, random) {
  let holder;
  for (let inner = value; typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0; ) {
    holder = inner;
    if (random.below(3) === 0) break;
    inner = /** @type {any} */ (inner)[random.pick(Object.keys(inner))];
  }
  return holder;
}

const VALUES = [
  '',
  '-1',
  '0',
  '1',
  '2',
  '3',
  '1000000',
  '2147483647',
  '4294967296',
  '-9223372036854775808',
  '18446744073709551615',
  'x',
  '1,1',
  '?,?',
  '1,-1',
  'f16',
  'i64',
  'opset1',
  'Parameter',
  'Result',
  'MatMul',
];

/**
 * Attributes, text and whole lines of XML.
 * @param {Buffer} content
 * @param {Random} random
 */
function xmlDamage(content, random) {
  const text = content.toString('latin1');
  const places = [...text.matchAll(/(?<==")[^"]*(?=")|(?<=<dim>)\d+(?=<)/g)];
  const lines = text.split('\n');
  const line = random.below(lines.length);
  switch (random.below(6)) {
    case 0:
      lines.splice(line, 1);
      break;
    case 1:
      lines.splice(line, 0, /** @type {string} */ (random.pick(lines)));
      break;
    default: {
      if (places.length === 0) return undefined;
      const place = random.pick(places);
      // As often the value of another place as one that is in none.
      const value = random.below(2) ? random.pick(places)[0] : random.pick(VALUES);
      const end = place.index + place[0].length;
      const what = `"${place[0]}" at ${place.index} replaced by "${value}"`;
      return { what, bytes: Buffer.from(text.slice(0, place.index) + value + text.slice(end), 'latin1') };
    }
  }
  return { what: `lines at ${line}`, bytes: Buffer.from(lines.join('\n'), 'latin1') };
}
