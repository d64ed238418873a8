/** `node --import`: as if none of the optional packages for files were installed. */
import { register } from 'node:module';

const hooks = `export async function resolve(name, context, next) {
  if (!/^(apache-arrow|hyparquet)/.test(name)) return next(name, context);
  throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
