/** The peers' own package: bench/peers. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installedVersions, installLocked, packageFile, readVersion, requireFrom } from './locked.mjs';

const FOLDER = join(import.meta.dirname, 'peers');

/** A package of bench/peers. */
export function requirePeer(name) {
  return requireFrom(FOLDER, name);
}

/** @throws Error if npm fails */
export function installPeers() {
  installLocked(FOLDER);
}

/** Versions that are installed; null for a package that is not. */
export function peerVersions() {
  return installedVersions(FOLDER);
}

/** The runtime that a peer brings along: two peers have two versions of it. */
export function runtimeVersion(peer) {
  return readVersion(createRequire(packageFile(FOLDER, peer)).resolve('onnxruntime-node/package.json'));
}
