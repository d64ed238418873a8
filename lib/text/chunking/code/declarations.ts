/** Declarations in a syntax tree of Lezer, whatever the language. */
import type { SyntaxNode, Tree, TreeCursor } from '@lezer/common' with { 'resolution-mode': 'import' };
import { shortened } from '../names.js';
import type { Scope } from '../structure.js';

/** Where code can be cut. */
export interface Declarations {
  /** In front of top-level declarations, of their members, and of what is in these: ascending. */
  cuts: number[][];
  scopes: Scope[];
}

/** Levels of declarations that are told apart. */
export const LEVELS = 3;

/** Nodes whose children are declarations or statements. */
const BODY = /^(?:\w*Body|\w*Block|\w*DeclarationList|EnumVariantList|EnumeratorList|ObjectType|CompoundStatement)$/;
const COMMENT = /Comment$/;
const SCOPE =
  /^(?:Class|Interface|Enum|Record|Namespace|Function|Method|Constructor|Struct|Union|Trait|Impl|Mod|Variable)(?:Declaration|Definition|Item|Specifier|Decl)$|^TypeSpec$/;
const NAME =
  /^(?:(?:Variable|Type|Property|PrivateProperty)?Definition|VariableName|DefName|FieldName|PropertyName|(?:Bound|Type|Field|Scoped)?Identifier)$/;
const DECLARATOR = /Declarator$/;

/** A node whose children are gone through. */
interface Frame {
  isBody: boolean;
  /** Of a body: the child that is looked at. */
  child: Child | undefined;
}

interface Child {
  /** Where it begins with the comments on it. */
  start: number;
  /** The end of what is known of it. */
  end: number;
  isComment: boolean;
  /** Whether a scope begins where it does. */
  hasScope: boolean;
}

/** Goes through a tree node by node; nodes on one line are not looked into. Gives nothing, so that the caller can pause. */
export function* declarations(tree: Tree, text: string, found: Declarations): Generator<void, void, undefined> {
  const cursor = tree.cursor();
  const lines = new Lines(text);
  const path: Frame[] = [];
  const bodies: Frame[] = [];
  for (;;) {
    yield;
    if (path.at(-1)?.isBody) beginChild(bodies, cursor, text, found);
    if (lines.isBroken(cursor.from, cursor.to)) {
      addScope(bodies, cursor, text, found);
      const frame = { isBody: path.length === 0 || BODY.test(cursor.name), child: undefined };
      if (bodies.length + Number(frame.isBody) <= LEVELS && cursor.firstChild()) {
        path.push(frame);
        if (frame.isBody) bodies.push(frame);
        continue;
      }
    }
    while (!cursor.nextSibling()) {
      if (!cursor.parent()) return;
      if (path.pop()?.isBody) bodies.pop();
    }
  }
}

/** Cuts in front of a child of a body, unless a comment on it stands there or it is a comment on the line in front. */
function beginChild(bodies: readonly Frame[], { name, from, to }: TreeCursor, text: string, found: Declarations): void {
  const body = bodies.at(-1) as Frame;
  const { child } = body;
  // Keywords and signs, which have names in lower case.
  if (!/^[A-Z]/.test(name)) {
    if (child) child.end = to;
    return;
  }
  const isComment = COMMENT.test(name);
  const newLines = child ? newLinesBetween(text, child.end, from) : 1;
  const isBehind = isComment && newLines === 0;
  if (child && (isBehind || (child.isComment && newLines <= 1))) {
    child.end = to;
    child.isComment = isComment && !isBehind;
    return;
  }
  const start = startOfLine(text, from);
  if (start > 0 && (child || bodies.length > 1)) (found.cuts[bodies.length - 1] as number[]).push(start);
  body.child = { start, end: to, isComment, hasScope: false };
}

function addScope(bodies: readonly Frame[], cursor: TreeCursor, text: string, { scopes }: Declarations): void {
  const { name, from, to } = cursor;
  const child = bodies.at(-1)?.child;
  if (!child || !SCOPE.test(name) || (name.startsWith('Variable') && bodies.length > 1)) return;
  const title = nameOf(cursor.node, text);
  if (title === undefined) return;
  let end = to;
  while (text[end] === ';' || text[end] === ',') end++;
  scopes.push({ start: child.hasScope ? from : child.start, end, name: shortened(title) });
  child.hasScope = true;
}

/** As it is written; of an implementation in Rust, what stands in front of its body. */
function nameOf(node: SyntaxNode, text: string): string | undefined {
  if (node.name === 'ImplItem') {
    const body = node.getChild('DeclarationList');
    return body ? text.slice(node.from, body.from).trim().replace(/\s+/g, ' ') : undefined;
  }
  // In C++ the type of what is returned stands in front of the name, the name in a declarator.
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (DECLARATOR.test(child.name)) return nameOf(child, text);
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (NAME.test(child.name)) return text.slice(child.from, child.to);
  return undefined;
}

function newLinesBetween(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** A node's own indentation belongs to it; what stands in front of it on its line does not. */
function startOfLine(text: string, from: number): number {
  let at = from;
  while (at > 0 && (text[at - 1] === ' ' || text[at - 1] === '\t')) at--;
  return at === 0 || text[at - 1] === '\n' ? at : from;
}

/** Where lines end, asked for from front to back. */
class Lines {
  readonly #text: string;
  #next = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether a line ends in a span. */
  isBroken(from: number, to: number): boolean {
    if (this.#next < from) {
      const next = this.#text.indexOf('\n', from);
      this.#next = next < 0 ? this.#text.length : next;
    }
    return this.#next < to;
  }
}
