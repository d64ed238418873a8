/** Lezer's parsers, which a user installs for the languages of his code. */
import { extname } from 'node:path';
import type { Parser } from '@lezer/common' with { 'resolution-mode': 'import' };
import { importPeers } from '../../../peers.js';

interface Language {
  /** Package of the parser. */
  peer: string;
  names: string;
  load(): Promise<Parser>;
}

const javascript = (names: string, dialect: string): Language => ({
  peer: '@lezer/javascript',
  names,
  load: async () => (await import('@lezer/javascript')).parser.configure({ dialect }),
});

const LANGUAGES: readonly Language[] = [
  javascript('javascript js mjs cjs jsx', 'jsx'),
  javascript('typescript ts mts cts', 'ts'),
  javascript('tsx', 'ts jsx'),
  {
    peer: '@lezer/python',
    names: 'python py pyi pyw',
    load: async () => (await import('@lezer/python')).parser,
  },
  { peer: '@lezer/java', names: 'java', load: async () => (await import('@lezer/java')).parser },
  {
    peer: '@lezer/cpp',
    names: 'c++ cpp cc cxx hpp hh hxx c h',
    load: async () => (await import('@lezer/cpp')).parser,
  },
  { peer: '@lezer/rust', names: 'rust rs', load: async () => (await import('@lezer/rust')).parser },
  { peer: '@lezer/go', names: 'go golang', load: async () => (await import('@lezer/go')).parser },
];

const BY_NAME = new Map(LANGUAGES.flatMap((language) => language.names.split(' ').map((name) => [name, language])));

/**
 * The parser of a language.
 * @returns undefined for a language that there is none for
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if there is one and it is not installed
 */
export async function parserFor(
  language: string | undefined,
  fileName: string | undefined,
): Promise<Parser | undefined> {
  const name = language ?? (fileName === undefined ? '' : extname(fileName).slice(1));
  const found = BY_NAME.get(name.toLowerCase());
  return found && importPeers(() => found.load(), `Chunks of ${name}`, `${found.peer} @lezer/common`);
}
