/**
 * A registry on this machine for tests of installing: it has the packages of this project, made from the build, and what they
 * depend on, packed from the checkout's node_modules. Nothing else, so that a test that wants more fails.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { ROOT } from '../../scripts/build/paths.mjs';

const run = promisify(execFile);

/**
 * @typedef {object} Packed
 * @property {Record<string, any>} manifest
 * @property {string} file  the tarball
 */

/** @returns {Promise<Packed[]>} of folders, each what its package holds */
export async function packFolders(folders, target) {
  mkdirSync(target, { recursive: true });
  const packed = [];
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    packed.push({ manifest, file: await packFolder(realpathSync(folder), target, manifest) });
  }
  return packed;
}

/** `npm pack` compresses for minutes of downloads to come; where tar is GNU's, what is only to be installed here is packed by it. */
async function packFolder(folder, target, { name, version }) {
  const file = join(target, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  if (process.platform === 'linux') {
    const options = ['--exclude=node_modules', '--transform', `s,^${basename(folder)},package,`];
    const tar = spawn('tar', ['-c', ...options, '-C', dirname(folder), basename(folder)]);
    await pipeline(tar.stdout, createGzip({ level: 0 }), createWriteStream(file));
  } else {
    const args = ['pack', folder, '--ignore-scripts', '--pack-destination', target];
    await run('npm', args, { shell: process.platform === 'win32' });
  }
  return file;
}

/** Folders of all that a package of the checkout needs at run time, itself left out. */
export function dependencyFolders(manifest, from = ROOT, found = new Map()) {
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const folder = folderOf(name, from);
    if (found.has(folder)) continue;
    const own = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    found.set(folder, own);
    dependencyFolders(own, folder, found);
  }
  return [...found.keys()];
}

/** Not by `require.resolve`: not every package exports its package.json. */
function folderOf(name, from) {
  for (const path of createRequire(join(from, 'package.json')).resolve.paths(name)) {
    try {
      readFileSync(join(path, name, 'package.json'));
      return join(path, name);
    } catch {
      // one folder further up
    }
  }
  throw new Error(`${name}, a dependency of ${from}, is not installed.`);
}

/**
 * Serves them on a port of its own of 127.0.0.1.
 * @param {Packed[]} packages
 * @returns {Promise<{ address: string, requests: string[], close(): Promise<void> }>}
 */
export async function startRegistry(packages) {
  const requests = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url.slice(1));
    requests.push(path);
    const tarball = packages.find(({ file }) => path === `-/${basename(file)}`);
    if (tarball) {
      createReadStream(tarball.file).pipe(response);
      return;
    }
    const versions = packages.filter(({ manifest }) => manifest.name === path);
    if (versions.length === 0) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}');
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(packument(versions, `http://127.0.0.1:${server.address().port}`)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

function packument(versions, address) {
  const newest = versions.at(-1).manifest;
  const dated = Object.fromEntries(versions.map(({ manifest }) => [manifest.version, '2020-01-01T00:00:00.000Z']));
  return {
    name: newest.name,
    'dist-tags': { latest: newest.version },
    time: dated,
    versions: Object.fromEntries(
      versions.map(({ manifest, file }) => {
        const integrity = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
        return [manifest.version, { ...manifest, dist: { tarball: `${address}/-/${basename(file)}`, integrity } }];
      }),
    ),
  };
}
