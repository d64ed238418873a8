/**
 * Blocks of JavaScript and TypeScript as modules. A block may use what an earlier one of its page imports or declares, and
 * what names.mjs exports. Each becomes a file in which it stands on the lines that it has in its page.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { type Block, ROOT } from './blocks.js';

/** Within the checkout, so that `ovembed` is this package. */
const FOLDER = join(ROOT, '.cache', 'docs-blocks');
const NAMES = join(import.meta.dirname, 'names.mjs');
/** As a user has them, with the comfort that a block has no types of parameters. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
  strict: true,
  noImplicitAny: false,
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
  noEmit: true,
};

/** What a block has at its top level: `statement` brings an import into another block, else it is imported from this one. */
interface Declared {
  name: string;
  isType: boolean;
  isExported: boolean;
  statement?: string;
}

export interface Module {
  block: Block;
  /** To check. */
  source: string;
  /** To run. */
  program: string;
}

/** Writes all blocks; those of a page in order. */
export function writeModules(blocks: readonly Block[]): Module[] {
  rmSync(FOLDER, { recursive: true, force: true });
  const pages = new Set(blocks.map(({ page }) => page));
  return [...pages].flatMap((page) => writePage(blocks.filter((block) => block.page === page)));
}

function writePage(blocks: readonly Block[]): Module[] {
  const earlier: { block: Block; declared: Declared[] }[] = [];
  return blocks.map((block) => {
    const file = ts.createSourceFile('block.ts', block.code, ts.ScriptTarget.ESNext, true);
    const declared = file.statements.flatMap(declarationsOf);
    // What is run cannot use what another block would have done.
    const usable = earlier.filter((other) => block.marker !== undefined || other.block.marker === undefined);
    const imports = importsOf(file, declared, usable);
    earlier.unshift({ block, declared });
    const exported = declared.filter(({ statement, isExported }) => statement === undefined && !isExported);
    const ending = `\nexport { ${exported.map(({ name, isType }) => (isType ? `type ${name}` : name)).join(', ')} };\n`;
    return write(block, `${'\n'.repeat(block.line - 1)}${imports}${block.code}${ending}`);
  });
}

function write(block: Block, code: string): Module {
  const folder = join(FOLDER, 'check', block.page);
  const running = join(FOLDER, 'run', block.page);
  for (const each of [folder, running]) mkdirSync(each, { recursive: true });
  const isTypeScript = /ts|typescript/.test(block.language);
  const source = join(folder, `${block.line}.${isTypeScript || /\btype \w+[ ,}]/.test(code) ? 'mts' : 'mjs'}`);
  writeFileSync(source, code);
  const program = join(running, `${block.line}.mjs`);
  // Node 20 knows no `await using`.
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  writeFileSync(program, ts.transpileModule(code, { compilerOptions }).outputText);
  return { block, source, program };
}

/** The statements that bring what a block uses, and does not declare, from the nearest earlier block that has it. */
function importsOf(
  file: ts.SourceFile,
  declared: readonly Declared[],
  earlier: readonly { block: Block; declared: Declared[] }[],
): string {
  const own = new Set(declared.map(({ name }) => name));
  const names = [...usedNames(file)].filter((name) => !own.has(name));
  return names
    .map((name) => {
      for (const { block, declared } of earlier) {
        const found = declared.find((one) => one.name === name);
        if (found)
          return found.statement ?? `import { ${found.isType ? 'type ' : ''}${name} } from './${block.line}.mjs';`;
      }
      return '';
    })
    .join('');
}

/** Identifiers that are not the name of a property. Some may be local: an import too many does no harm. */
function usedNames(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const parent = node.parent as { name?: ts.Node; propertyName?: ts.Node } | undefined;
    const isProperty =
      parent !== undefined &&
      (ts.isPropertyAccessExpression(node.parent) || ts.isPropertyAssignment(node.parent)) &&
      parent.name === node;
    if (ts.isIdentifier(node) && !isProperty && parent?.propertyName !== node) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

function declarationsOf(statement: ts.Statement): Declared[] {
  if (ts.isImportDeclaration(statement)) return importedBy(statement);
  const isExported =
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  const named = (name: string): Declared => ({ name, isType, isExported });
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => bindings(name)).map(named);
  if (isType || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
    return statement.name ? [named(statement.name.text)] : [];
  return [];
}

function bindings(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : bindings(element.name)));
}

function importedBy({ importClause, moduleSpecifier }: ts.ImportDeclaration): Declared[] {
  if (!importClause) return [];
  const from = `from ${moduleSpecifier.getText()};`;
  const found = (name: string, what: string): Declared => {
    return { name, isType: false, isExported: true, statement: `import ${what} ${from} ` };
  };
  const { name, namedBindings } = importClause;
  const type = importClause.getText().startsWith('type ') ? 'type ' : '';
  const whole = name ? [found(name.text, type + name.text)] : [];
  if (!namedBindings) return whole;
  if (ts.isNamespaceImport(namedBindings)) return [found(namedBindings.name.text, namedBindings.getText())];
  return [...whole, ...namedBindings.elements.map((one) => found(one.name.text, `${type}{ ${one.getText()} }`))];
}

/** What the compiler finds wrong, by block. */
export function checkModules(modules: readonly Module[]): Map<Block, string[]> {
  const globals = join(FOLDER, 'check', 'names.d.mts');
  writeFileSync(globals, globalTypes());
  const program = ts.createProgram([...modules.map(({ source }) => source), globals], OPTIONS);
  const found = new Map<Block, string[]>();
  for (const { block, source } of modules) {
    const file = program.getSourceFile(source);
    const diagnostics = file ? [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)] : [];
    const messages = diagnostics.map(({ start = 0, messageText }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${block.page}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
    if (!file) messages.push(`${source} was not read.`);
    found.set(block, messages);
  }
  return found;
}

/** The exports of names.mjs as global names. */
function globalTypes(): string {
  const file = ts.createSourceFile(NAMES, ts.sys.readFile(NAMES) ?? '', ts.ScriptTarget.ESNext, true);
  const path = relative(join(FOLDER, 'check'), NAMES).replaceAll('\\', '/');
  const names = file.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause))
      return statement.exportClause.elements.map(({ name }) => name.text);
    return declarationsOf(statement).flatMap(({ name, isExported, statement: from }) =>
      isExported && !from ? [name] : [],
    );
  });
  const lines = names.map((name) => `  var ${name}: typeof import('${path}').${name};`);
  return `export {};\ndeclare global {\n${lines.join('\n')}\n}\n`;
}
