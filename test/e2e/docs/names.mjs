/** What blocks may use without declaring it, as a reader understands it: global names when they are run and checked. */
import { Embedder } from 'ovembed';
import { MemoryLevel } from 'ovembed/cache';

export { Embedder, OvembedError } from 'ovembed';
export { Chunker, clean } from 'ovembed/text';

export const model = 'intfloat/e5-small-v2';
export const embedder = await Embedder.load();
export const text = '# Reset\n\nHold the button for ten seconds.\n\n# Repair\n\nTake the wheel out first.';
export const texts = ['Oil the chain after rain.', 'The soup is served at eight.', 'Seven old mills stand there.'];
/** To find the ends of dimensions. */
export const sample = texts;
/** HTML. */
export const page = '<p>fish &amp; chips</p>';
/** Markdown. */
export const readme = text;
export const linesOfALargeFile = texts;
/** A cache level of the reader's own. */
export const mine = new MemoryLevel();
