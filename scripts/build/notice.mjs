/** The licences of all that a platform package holds, with their texts, collected from where the parts come from. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { ROOT } from './paths.mjs';

const LICENCE_FILE = /^(licen[cs]e|copying|copyright|notice|unlicense)([.-]|$)/i;

/**
 * Writes `NOTICE.txt` (the addon and the runtime) and `NOTICE-openvino.txt` (the runtime alone, for packages of plugins).
 * @param {string} folder
 * @param {string} openvinoDirectory  of OpenVINOConfig.cmake
 * @param {{ rustTarget?: string }} [options]  the system that it is for, by Rust's name; default: this machine's
 * @throws Error if a part has no licence text
 */
export function writeNotices(folder, openvinoDirectory, { rustTarget = hostTarget() } = {}) {
  const runtime = openvinoParts(openvinoDirectory);
  writeFileSync(join(folder, 'NOTICE-openvino.txt'), notice(runtime));
  writeFileSync(
    join(folder, 'NOTICE.txt'),
    notice([...runtime, ...nodeParts(), ...rustParts(), ...crateParts(rustTarget)]),
  );
}

/**
 * @typedef {object} Part
 * @property {string} name     with its version
 * @property {string} licence  SPDX, as far as the part itself says it
 * @property {string[]} texts
 */

/**
 * A list of the parts, and every text once, under the names of all parts that it belongs to.
 * @param {Part[]} parts
 */
export function notice(parts) {
  const bare = parts.filter(({ texts }) => texts.length === 0).map(({ name }) => name);
  if (bare.length > 0)
    throw new Error(`No licence text was found for ${bare.join(', ')}. Nothing may be shipped without.`);
  const names = new Map();
  for (const { name, texts } of parts) {
    for (const text of texts) names.set(text, [...(names.get(text) ?? []), name]);
  }
  const line = '='.repeat(100);
  const list = parts.map(({ name, licence }) => `  ${name}  (${licence})`).join('\n');
  const texts = [...names].map(([text, of]) => `${line}\n${of.join(', ')}\n${line}\n\n${text}\n`);
  return `This package contains parts of these works:\n\n${list}\n\n${texts.join('\n')}`;
}

/** oneDNN, oneTBB, hwloc, ONNX and the others within OpenVINO are in its own lists of third-party programs. */
function openvinoParts(openvinoDirectory) {
  const site = join(openvinoDirectory, '..', '..');
  const info = existsSync(site) && readdirSync(site).find((name) => /^openvino-.*\.dist-info$/.test(name));
  if (!info) throw new Error(`Beside ${openvinoDirectory} there is no wheel's dist-info, which holds the licences.`);
  const licences = join(site, info, 'licenses');
  const files = readdirSync(licences, { recursive: true }).filter((name) => /LICENSE|third-party/.test(basename(name)));
  const version = basename(info, '.dist-info').replace('-', ' ');
  const own = files.filter((name) => basename(name) === 'LICENSE');
  const texts = (names) => names.map((name) => readText(join(licences, name)));
  return [
    { name: version.replace('openvino', 'OpenVINO'), licence: 'Apache-2.0', texts: texts(own) },
    ...files
      .filter((name) => !own.includes(name))
      .map((name) => ({
        name: THIRD_PARTY[basename(name).split('_')[0]] ?? name,
        licence: 'see there',
        texts: texts([name]),
      })),
  ];
}

const THIRD_PARTY = {
  'runtime-third-party-programs.txt': 'Third-party programs of OpenVINO (oneDNN, ONNX, pugixml, Level Zero and others)',
  onednn: 'Third-party programs of oneDNN',
  onetbb: 'oneTBB (Apache-2.0) and its third-party programs, hwloc among them',
};

const hostTarget = () => /^host: (.*)$/m.exec(outputOf('rustc', ['-vV']))[1];

/** Headers that are compiled into the addon. */
function nodeParts() {
  const require = createRequire(import.meta.url);
  return ['node-addon-api', 'node-api-headers'].map((name) => {
    const manifest = require.resolve(`${name}/package.json`);
    const { version, license } = require(manifest);
    return { name: `${name} ${version}`, licence: license, texts: licenceTexts(dirname(manifest)) };
  });
}

/** Rust's standard library, as its toolchain tells of it; texts that repeat there are kept once. */
function rustParts() {
  const sysroot = outputOf('rustc', ['--print', 'sysroot']).trim();
  const file = join(sysroot, 'share', 'doc', 'rust', 'COPYRIGHT-library.html');
  const version = outputOf('rustc', ['--version']).trim().split(' ')[1];
  const texts = existsSync(file) ? [withoutRepeats(readText(file))] : [];
  return [{ name: `Rust standard library ${version}`, licence: 'MIT OR Apache-2.0, see there', texts }];
}

function withoutRepeats(html) {
  const seen = new Set();
  const once = (whole, text) => {
    if (seen.has(text)) return '(as above)';
    seen.add(text);
    return whole;
  };
  return html
    .replace(/<pre>([\s\S]*?)<\/pre>/g, once)
    .replace(/<(style|head)>[\s\S]*?<\/\1>|<[^>]+>/g, '')
    .replace(/&(lt|gt|quot|#x27|#39|amp);/g, (_, name) => ENTITIES[name])
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

const ENTITIES = { lt: '<', gt: '>', quot: '"', '#x27': "'", '#39': "'", amp: '&' };

/** Crates that end up in the tokenizer library; those that are only run while it is built and tested are left out. */
function crateParts(target) {
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', target];
  const { packages, resolve } = JSON.parse(outputOf('cargo', args, { cwd: join(ROOT, 'native', 'tokenizer') }));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const macros = new Set(packages.filter(({ targets }) => targets.some(isMacro)).map(({ id }) => id));
  const linked = new Set();
  const visit = (id) => {
    if (linked.has(id) || macros.has(id)) return;
    linked.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id).deps) if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
  };
  visit(resolve.root);
  return packages
    .filter(({ id }) => linked.has(id) && id !== resolve.root)
    .map(({ name, version, license, manifest_path }) => {
      const folder = dirname(manifest_path);
      // C sources within a crate have licences of their own: Oniguruma.
      const folders = [folder, ...subfolders(folder).filter((each) => licenceFiles(each).length > 0)];
      return { name: `${name} ${version}`, licence: license, texts: folders.flatMap(licenceTexts) };
    });
}

const isMacro = ({ kind }) => kind.includes('proc-macro');

const subfolders = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));

const licenceFiles = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name))
    .map(({ name }) => name);

const licenceTexts = (folder) => licenceFiles(folder).map((name) => readText(join(folder, name)));

const readText = (file) => readFileSync(file, 'utf8').replace(/\r\n/g, '\n').trim();

function outputOf(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1e9, ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  return stdout;
}
