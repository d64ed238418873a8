/** `node --import`, or `import`: packages of this folder for code that is elsewhere, as if they were installed beside it. */
import Module, { register } from 'node:module';
import { fileURLToPath } from 'node:url';

const hooks = `export async function resolve(name, context, next) {
  const isOurs = /^(@lancedb\\/lancedb|apache-arrow|pg|usearch|@qdrant\\/js-client-rest)$/.test(name);
  return next(name, isOurs ? { ...context, parentURL: ${JSON.stringify(import.meta.url)} } : context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
process.env.NODE_PATH = fileURLToPath(new URL('node_modules', import.meta.url));
Module._initPaths();
