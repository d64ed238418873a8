/** One page that needs nothing else and asks nobody: a map with its script, its style and its texts. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MapData } from './data.js';

/** Made of `page/` by scripts/build/page.mjs. */
const PARTS = join(__dirname, 'page');

/**
 * The page as pieces of text. Nothing in it may load or send anything: its policy allows the two parts that are in it, by
 * their hash, and no address.
 */
export async function renderPage(data: MapData): Promise<string[]> {
  const [script, style, body] = await Promise.all(
    ['page.js', 'page.css', 'page.html'].map((name) => readFile(join(PARTS, name), 'utf8')),
  );
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script as string)}'`,
    `style-src '${hashOf(style as string)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    `<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">\n`,
    '<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" content="light dark">\n',
    `<title>${escapeHtml(data.title)}</title>\n<style>${style}</style>\n</head>\n<body>\n${body}`,
    '<script type="application/json" id="data">',
    ...json(data),
    `</script>\n<script>${script}</script>\n</body>\n</html>\n`,
  ];
}

const hashOf = (source: string) => `sha256-${createHash('sha256').update(source).digest('base64')}`;

/** No text ends the script that it is in, or opens a comment: `<` is written in the other way that JSON has for it. */
const asJson = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

/** Text by text: together they may be longer than a string can be. */
function* json({ texts, fields, ...rest }: MapData): Iterable<string> {
  yield `${asJson(rest).slice(0, -1)},"fields":[`;
  for (const [i, field] of fields.entries()) yield (i === 0 ? '' : ',') + asJson(field);
  yield '],"texts":[';
  for (const [i, text] of texts.entries()) yield (i === 0 ? '' : ',') + asJson(text);
  yield ']}';
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}
