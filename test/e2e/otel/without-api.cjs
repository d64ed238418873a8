/** `node --require`: as if `@opentelemetry/api` were not installed for ovembed; prom-client brings one for itself. */
const { Module } = require('node:module');
const { join } = require('node:path');

const resolve = Module._resolveFilename;
Module._resolveFilename = (name, parent, ...rest) => {
  const isOurs = parent?.filename?.includes(join('dist', 'otel'));
  if (!isOurs || !name.startsWith('@opentelemetry/')) return resolve(name, parent, ...rest);
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
};
