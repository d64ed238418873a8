/** Loads the addon; where that fails, says the cause and the remedy. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { problemOfElf } from './elf.js';
import { OvembedError } from './errors.js';
import { addonOfPackage, type DevicePlugin, devicePlugins, PLATFORM_PACKAGE } from './platform-packages.js';

/** node-gyp-build's own interface, of which only the search is used: an error must name the file that was tried. */
interface NodeGypBuild {
  resolve(root: string): string;
}

/** The addon, and the plugins that are not beside it and have to be made known. */
export interface LoadedAddon<T> {
  addon: T;
  plugins: DevicePlugin[];
}

/**
 * @param root folder of the package
 * @throws OvembedError `ERR_NATIVE_LOAD`, with the loader's own error as `cause`
 */
export function loadAddon<T>(root: string): LoadedAddon<T> {
  const cpuProblem = problemOfCpu();
  if (cpuProblem) throw failure(cpuProblem, undefined);
  const built = builtAddon(root);
  if (built.file) return { addon: load(built.file), plugins: [] };
  const file = addonOfPackage();
  if (!file) throw failure(`${noBinary(root)} ${LIBC_OF_BINARIES}`, built.cause);
  return { addon: load(file), plugins: devicePlugins() };
}

/** What a clone has built. */
function builtAddon(root: string): { file?: string; cause?: unknown } {
  try {
    return { file: (require('node-gyp-build') as NodeGypBuild).resolve(root) };
  } catch (cause) {
    return { cause };
  }
}

function noBinary(root: string): string {
  const wanted = (require('../package.json') as { optionalDependencies?: Record<string, string> }).optionalDependencies;
  if (!wanted) return `there is no binary for this platform in ${root}. In a clone, run "npm run build:native".`;
  if (!(PLATFORM_PACKAGE in wanted)) {
    return `there is no binary for this platform, only for ${Object.keys(wanted).join(', ').replaceAll('@ovembed/', '')}.`;
  }
  return (
    `the package ${PLATFORM_PACKAGE}, an optional dependency of ovembed, is not installed. Install again on this machine, ` +
    'without --omit=optional (npm), --no-optional (pnpm) or a node_modules that was copied from another system; where the ' +
    `lockfile was made on another system, run "npm install ${PLATFORM_PACKAGE}".`
  );
}

/** Looks at the libraries first: some faults would end the process. */
function load<T>(file: string): T {
  const broken = brokenLibrary(dirname(file));
  if (broken) throw failure(broken, undefined);
  try {
    return require(file) as T;
  } catch (cause) {
    throw failure(explainLoadFailure(file, cause), cause);
  }
}

/** What prebuilt binaries for Linux need at least; for arm64 OpenVINO's own libraries need more. */
const OLDEST =
  process.arch === 'arm64'
    ? { glibc: '2.34', releases: 'Debian 12, Ubuntu 22.04' }
    : { glibc: '2.31', releases: 'Debian 11, Ubuntu 20.04, RHEL 9' };
const LIBC_OF_BINARIES = `Prebuilt binaries for Linux need glibc ${OLDEST.glibc} or newer and are not available for musl (Alpine).`;

function failure(problem: string, cause: unknown): OvembedError {
  const platform = `${process.platform}-${process.arch}, Node ${process.versions.node}`;
  const message = `The native addon could not be loaded on ${platform}: ${problem}`;
  return new OvembedError('ERR_NATIVE_LOAD', message, cause === undefined ? {} : { cause });
}

/**
 * What this processor lacks. Asked before the libraries are loaded: an instruction that it does not know would end the
 * process by SIGILL. Only Linux tells without native code; elsewhere nothing is refused.
 */
function problemOfCpu(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    return cpuProblem(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    return undefined; // a sandbox without /proc
  }
}

/** The same for the text of /proc/cpuinfo; what does not tell is not refused. */
export function cpuProblem(cpuinfo: string): string | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/);
  if (!flags || flags.includes('avx2')) return undefined;
  const model = /^model name\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? 'this processor';
  return (
    `${model} has no AVX2, which OpenVINO's CPU code is made for. Use a processor of 2013 (Intel) or 2015 (AMD) or ` +
    'newer; in a virtual machine, give it a CPU model with AVX2 (QEMU: "-cpu host").'
  );
}

/** The first library in a folder that would end the process, or be said not to be there. */
function brokenLibrary(folder: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  for (const name of readdirSync(folder).filter((each) => /\.node$|\.so(\.|$)/.test(each))) {
    const file = join(folder, name);
    try {
      const problem = problemOfElf(file);
      if (problem) return `${file} is ${problem}. Reinstall the package on this machine.`;
    } catch {
      // What cannot be read is the dynamic loader's to tell, if it is needed.
    }
  }
  return undefined;
}

/** What the dynamic loader says (glibc, musl, macOS, Windows) → what it means. The first that fits is taken. */
const EXPLANATIONS: readonly [pattern: RegExp, explain: (match: RegExpExecArray, file: string) => string][] = [
  [
    /ERR_DLOPEN_DISABLED|Cannot load native addon because loading addons is disabled/,
    () =>
      'this process may not load addons. Start Node without --no-addons, or with --allow-addons beside --permission.',
  ],
  [
    /ld-linux[\w-]*\.so|ld-musl|Error relocating/,
    () => `it is built for glibc, and this system has musl (Alpine). Use an image with glibc, such as Debian's.`,
  ],
  [
    /version [`'](GLIBC_[\d.]+)' not found/,
    ([, needed]) =>
      `it needs ${needed}, and this system has ${glibcVersion()}. Use a newer release: ${OLDEST.releases} or later.`,
  ],
  [
    /version [`']((?:GLIBCXX|CXXABI)_[\d.]+)' not found/,
    ([, needed]) =>
      `it needs a libstdc++ with ${needed}. Update libstdc++, and let no older one stand in LD_LIBRARY_PATH.`,
  ],
  [
    /([^\s:]+): (?:file too short|invalid ELF header|ELF file data encoding|wrong ELF class|cannot read file data)/,
    ([, damaged], file) =>
      `${damaged ?? file} is damaged, or for another processor. Reinstall the package on this machine.`,
  ],
  [
    /([^\s:]+): (?:failed to map segment from shared object|cannot make segment writable|cannot enable executable stack)/,
    ([, library], file) =>
      `${library ?? file} may not be executed: its folder is mounted noexec, or a policy (SELinux, AppArmor, seccomp) ` +
      'forbids it. Install the package on a volume from which programs may run.',
  ],
  [
    /([^\s:]+): (?:cannot open shared object file|cannot stat shared object): Permission denied/,
    ([, library], file) => `${library ?? file} may not be read by user ${process.getuid?.()}. Give it the right to.`,
  ],
  [
    /([^\s:]+): cannot open shared object file: No such file or directory|Error loading shared library ([^\s:]+)|Library not loaded: (\S+)/,
    (match, file) => missing(match[1] ?? match[2] ?? match[3] ?? 'a library', file),
  ],
  [
    /undefined symbol: (\S+)|Symbol not found: (\S+)|procedure could not be found/,
    (match, file) =>
      `a library beside it is not the one it was built with (${match[1] ?? match[2] ?? 'a function'} is missing). Reinstall ` +
      `the package, and let no other OpenVINO or oneTBB go before ${dirname(file)} (LD_LIBRARY_PATH, LD_PRELOAD).`,
  ],
  [/specified module could not be found/, (_, file) => missing('a library', file)],
  [
    /not a valid Win32 application|incompatible architecture|not a mach-o file/,
    (_, file) => `${file} is damaged, or for another processor. Reinstall the package on this machine.`,
  ],
];

function missing(library: string, file: string): string {
  const what = library === file ? file : `${basename(library)}, needed by ${file},`;
  return (
    `${what} is missing. The libraries of the package belong beside its .node file: reinstall the package, ` +
    'and let a bundler copy the whole folder.'
  );
}

/** One sentence of what is wrong and one of what to do, without the loader's own words. */
export function explainLoadFailure(file: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  for (const [pattern, explain] of EXPLANATIONS) {
    const match = pattern.exec(`${code}: ${message}`);
    if (match) return explain(match, file);
  }
  return `${file}: ${message}. In a clone, run "npm run build:native". ${LIBC_OF_BINARIES}`;
}

function glibcVersion(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'another';
}
