/** A text within a source, such as what a block quote holds without its markers. */
import { OffsetMap, type Range, Runs } from './offset-map.js';
import type { Rewriter } from './rewriter.js';

export interface View {
  text: string;
  /** Leads to the source; none where the text is the source. */
  map?: OffsetMap;
}

/** Writes a part of a view as it is, each piece for the place that it comes from. */
export function copyFrom({ text, map }: View, start: number, end: number, out: Rewriter): void {
  if (!map) out.copy(start, end);
  for (const run of map?.runs(start, end) ?? []) {
    if (run.copied) out.copy(run.source.start, run.source.end);
    else out.put(text.slice(run.start, run.end), run.source.start, run.source.end);
  }
}

export function sourceRange({ map }: View, start: number, end: number): Range {
  return map ? map.sourceRange(start, end) : { start, end };
}

/** A text that stands for a range of a view as a whole. */
export function viewAsWhole(text: string, view: View, start: number, end: number): View {
  return { text, map: deeper(view, text.length, (runs) => runs.add(text.length, start, end, false)) };
}

/**
 * A text each line of which is the end of a line of a view: what a quote, a list item or a code block holds.
 * @param skipped lines of the view before the text's first
 */
export function viewByLines(text: string, view: View, start: number, end: number, skipped = 0): View {
  const outer = linesIn(view.text, start, end);
  for (let line = 0; line < skipped; line++) outer.next();
  const map = deeper(view, text.length, (runs) => {
    let last = start;
    for (const inner of linesIn(text, 0, text.length)) {
      const { value: line = { start: last, end: last } } = outer.next() as IteratorResult<Range, undefined>;
      const content = text.slice(inner.start, inner.end);
      addLine(runs, content, view.text, line);
      last = line.end;
    }
  });
  return { text, map };
}

function addLine(runs: Runs, content: string, outer: string, { start, end }: Range): void {
  // The last line may lack the line feed that the outer line has.
  const lineEnd = !content.endsWith('\n') && end > start && outer[end - 1] === '\n' ? end - 1 : end;
  const same = commonEnd(content, outer, start, lineEnd);
  const added = content.length - same;
  // Indentation that tabs were turned into, or that was put in front.
  if (/\S/.test(content.slice(0, added))) {
    runs.add(content.length, start, lineEnd, false);
    return;
  }
  runs.add(added, start, lineEnd - same, false);
  runs.add(same, lineEnd - same, lineEnd, true);
}

function commonEnd(content: string, outer: string, start: number, end: number): number {
  const most = Math.min(content.length, end - start);
  let same = 0;
  while (same < most && content[content.length - 1 - same] === outer[end - 1 - same]) same++;
  return same;
}

function* linesIn(text: string, start: number, end: number): Generator<Range> {
  for (let at = start; at < end; ) {
    const feed = text.indexOf('\n', at);
    const lineEnd = feed === -1 || feed >= end ? end : feed + 1;
    yield { start: at, end: lineEnd };
    at = lineEnd;
  }
}

function deeper(view: View, length: number, add: (runs: Runs) => void): OffsetMap {
  const runs = new Runs();
  add(runs);
  const map = new OffsetMap(runs, length, view.text.length);
  return view.map ? map.after(view.map) : map;
}
