/** Which versions of glibc and libstdc++ a binary of Linux asks for; readelf (binutils) tells. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Those of Debian 11, which is also what Ubuntu 20.04's glibc has, by the prefix of a version's name. */
const NEWEST = { GLIBC: '2.31', GLIBCXX: '3.4.28', CXXABI: '1.3.12', GCC: '10.0.0' };

/** OpenVINO's own libraries for arm64 need this glibc, and libstdc++ of GCC 12: Debian 12 and Ubuntu 22.04 have both. */
const NEWEST_ARM64 = { GLIBC: '2.34', GLIBCXX: '3.4.30', CXXABI: '1.3.13', GCC: '12.0.0' };

const newer = (version, limit) => version.localeCompare(limit, 'en', { numeric: true }) > 0;

/** Names of versions that the binary asks for, such as `GLIBC_2.30`, of those libraries only. */
export function versionsNeeded(file) {
  const output = execFileSync('readelf', ['--version-info', '--wide', file], { encoding: 'utf8' });
  const needs = output.slice(output.indexOf('.gnu.version_r')); // what it defines itself stands before
  return [...new Set([...needs.matchAll(/Name: ((?:GLIBC|GLIBCXX|CXXABI|GCC)_[\d.]+)/g)].map(([, name]) => name))];
}

/** What of a package's binaries does not run on an old system, or looks for libraries elsewhere than beside itself. */
export function elfProblems({ folder, platform }) {
  const newest = platform === 'linux-arm64' ? NEWEST_ARM64 : NEWEST;
  return binariesOf(folder).flatMap((file) => {
    const tooNew = versionsNeeded(file).filter((name) => {
      const [library, version] = name.split('_');
      return newer(version, newest[library]);
    });
    const paths = rpaths(file).filter((path) => path !== '$ORIGIN');
    return [
      ...tooNew.map((name) => `${basename(file)} needs ${name}`),
      ...paths.map((path) => `${basename(file)} looks for libraries in ${path}`),
    ];
  });
}

export function binariesOf(folder) {
  return readdirSync(folder)
    .filter((name) => /\.node$|\.so(\.|$)/.test(name))
    .map((name) => join(folder, name));
}

function rpaths(file) {
  const output = execFileSync('readelf', ['--dynamic', '--wide', file], { encoding: 'utf8' });
  return [...output.matchAll(/\((?:RPATH|RUNPATH)\).*\[(.*)\]/g)].flatMap(([, paths]) => paths.split(':'));
}
