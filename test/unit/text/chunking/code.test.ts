/** Declarations of the languages that Lezer reads. */
import { describe, expect, test } from 'vitest';
import { code } from '../../../../lib/text/chunking/strategies/code.js';
import type { StrategyContext } from '../../../../lib/text/chunking/strategy.js';
import type { Scope } from '../../../../lib/text/chunking/structure.js';
import { Chunker } from '../../../../lib/text/index.js';
import { wordEmbedder } from './word-embedder.js';

const SOURCES: Record<string, [source: string, names: string[]]> = {
  'a.ts': [
    '// One.\nexport class A {\n  /** Runs. */\n  run(): void {\n    go();\n  }\n\n  stop() {\n    end();\n  }\n}\n\nfunction f() {\n  return 1;\n}\n',
    ['A>run', 'A>stop', 'f'],
  ],
  'a.jsx': ['const App = () => {\n  return <b>x</b>;\n};\n\nfunction g() {\n  return 2;\n}\n', ['App', 'g']],
  'a.py': [
    'class A:\n    def f(self):\n        return 1\n\n    # two\n    def g(self):\n        return 2\n\n\nasync def h():\n    pass\n',
    ['A>f', 'A>g', 'h'],
  ],
  'A.java': [
    'class A {\n  // one\n  int f() {\n    return 1;\n  }\n\n  int g() {\n    return 2;\n  }\n}\n',
    ['A>f', 'A>g'],
  ],
  'a.cpp': [
    'namespace n {\nint f() {\n  return 1;\n}\nstruct S {\n  int g() {\n    return 2;\n  }\n};\n}\n',
    ['n>f', 'n>S>g'],
  ],
  'a.rs': [
    'impl Foo for Bar {\n    fn f() {\n        one();\n    }\n\n    fn g() {\n        two();\n    }\n}\n',
    ['impl Foo for Bar>f', 'impl Foo for Bar>g'],
  ],
  'a.go': ['package a\n\n// F runs.\nfunc (r *R) F() {\n\tone()\n}\n\nfunc G() {\n\ttwo()\n}\n', ['F', 'G']],
};

test.each(Object.entries(SOURCES))(
  '%s: names of classes and functions, cuts in front of them',
  async (fileName, [text, names]) => {
    const chunks = await new Chunker(wordEmbedder(), { strategy: 'code', maxTokens: 24 }).chunk(text, { fileName });
    expect(chunks.map((piece) => piece.text).join('')).toBe(text);
    const context = { text, options: {}, call: { fileName } } as StrategyContext;
    const { scopes = [], splitters } = await code(context);
    const path = ({ start, end }: Scope) =>
      scopes.filter((outer) => outer.start <= start && outer.end >= end).map(({ name }) => name);
    const paths = scopes.map((scope) => path(scope).join('>'));
    const cuts = splitters.slice(0, 3).flatMap((splitter) => [...splitter(text, 0, text.length)]);
    for (const name of names) {
      expect(paths).toContain(name);
      const { start } = scopes[paths.indexOf(name)] as Scope;
      if (start > 0) expect(cuts).toContain(start);
    }
  },
);

describe('comments', () => {
  test('stay with what they are about', async () => {
    const source = 'a();\n\n// About f,\n// and more.\nfunction f() {\n  b();\n}\n';
    const chunks = await new Chunker(wordEmbedder(), { strategy: 'code', maxTokens: 22, language: 'js' }).chunk(source);
    expect(chunks.map(({ text }) => text)).toEqual([
      'a();\n\n',
      '// About f,\n// and more.\nfunction f() {\n  b();\n}\n',
    ]);
    expect(chunks[1]?.headings).toEqual(['f']);
  });
});

test('other languages are cut in front of what is not indented', async () => {
  const source = 'def a\n  one\n\n  two\nend\n\ndef b\n  three\nend\n';
  const chunks = await new Chunker(wordEmbedder(), { strategy: 'code', maxTokens: 8 }).chunk(source, {
    fileName: 'a.rb',
  });
  expect(chunks.map(({ text }) => text)).toEqual(['def a\n  one\n\n  two\nend\n\n', 'def b\n  three\nend\n']);
});

test('code that takes the parser out of the stack is cut all the same', async () => {
  const source = '['.repeat(20_000);
  const chunks = await new Chunker(wordEmbedder(), { strategy: 'code', language: 'ts' }).chunk(source);
  expect(chunks.map(({ text }) => text).join('')).toBe(source);
});
