/** The status page at `/` and the documentation at `/docs`, which everybody may see: what they show is asked for with a key. */
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyPluginAsync } from 'fastify';

/** Made of `pages/` by scripts/build/page.mjs; the same folder from `lib/`, which tests run. */
const FOLDER = join(__dirname, '..', '..', '..', 'dist', 'server', 'pages');

/** By path. Addresses within pages are relative, as the routes may be mounted anywhere. */
const FILES: Readonly<Record<string, string>> = {
  '/': 'status.html',
  '/docs': 'docs.html',
  '/pages/page.css': 'page.css',
  '/pages/icon.svg': 'icon.svg',
  '/pages/status.js': 'status.js',
  '/pages/docs.js': 'docs.js',
};

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing but their own script and style runs in them, and they talk to this server alone. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
};

export const isPage = (path: string): boolean => Object.hasOwn(FILES, path);

export const pageRoutes: FastifyPluginAsync = async (app) => {
  for (const [path, name] of Object.entries(FILES)) {
    const content = await readFile(join(FOLDER, name));
    // Without the slash at its end, relative addresses of a mounted page would go astray.
    app.get(path, { schema: { hide: true }, prefixTrailingSlash: 'slash' }, (_, reply) =>
      reply
        .headers(HEADERS)
        .type(TYPES[extname(name)] as string)
        .send(content),
    );
  }
};
