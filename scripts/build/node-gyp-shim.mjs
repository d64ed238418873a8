/**
 * Stands in for node-gyp under prebuildify, which calls it as `rebuild --target=… --arch=…`. The arguments don't
 * matter to a Node-API addon: one binary serves every Node version, and only the machine's own platform is built.
 */
import { buildNative } from './native.mjs';

await buildNative();
