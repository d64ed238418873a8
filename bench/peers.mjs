/** The peers' own package, apart from ovembed's: bench/peers, installed on demand from its lockfile. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'peers');

/** A package of bench/peers. */
export function requirePeer(name) {
  return createRequire(join(FOLDER, 'package.json'))(name);
}

/**
 * Installs what the lockfile names, unless it is there. Install scripts do not run.
 * @throws Error if npm fails
 */
export function installPeers() {
  const missing = Object.entries(peerVersions()).some(([name, version]) => version !== pinned()[name]);
  if (!missing) return;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, error } = spawnSync('npm', args, {
    cwd: FOLDER,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in bench/peers`, { cause: error });
}

/** Versions that are installed; null for a package that is not. */
export function peerVersions() {
  return Object.fromEntries(Object.keys(pinned()).map((name) => [name, installedVersion(name)]));
}

/** The runtime that a peer brings along: two peers have two versions of it. */
export function runtimeVersion(peer) {
  const fromPeer = createRequire(join(FOLDER, 'node_modules', peer, 'package.json'));
  return readVersion(fromPeer.resolve('onnxruntime-node/package.json'));
}

function pinned() {
  return JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8')).dependencies;
}

function installedVersion(name) {
  return readVersion(join(FOLDER, 'node_modules', name, 'package.json'));
}

function readVersion(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).version;
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}
