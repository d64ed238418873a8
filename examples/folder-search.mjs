/**
 * node examples/folder-search.mjs [folder] [question]: semantic search over the files of a folder, passage by passage.
 * Vectors are kept on the disk, so a second run embeds only what is new or has changed.
 */
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { Embedder } from 'ovembed';
import { indexCorpus, openIndex } from 'ovembed/text';

const [folder = join(import.meta.dirname, 'documents'), ...words] = process.argv.slice(2);
const question = words.join(' ') || 'Why does my chain jump over the teeth?';
const place = process.env.INDEX_FOLDER ?? join(tmpdir(), 'ovembed-folder-search');

const embedder = await Embedder.load(undefined, {
  cache: { memory: false, disk: { path: join(place, 'vectors'), maxBytes: 256 * 1024 ** 2 } },
});
const report = await indexCorpus(embedder, {
  source: folder, // Markdown, HTML, text, code, JSON Lines; cut by what they are written in
  sink: join(place, 'index'),
  chunk: { maxTokens: 128 },
  onError: 'collect', // a file that cannot be read is told below, and the others are indexed
});
console.log(`${report.documents} documents, ${report.chunks} passages, of which ${report.cacheHits} were known`);
for (const { id, error } of report.failures) console.log(`  left out: ${id}: ${error.message}`);

const index = await openIndex(join(place, 'index'));
console.log(`\n“${question}”`);
for (const { score, text, documentId, line } of await index.search(await embedder.embedQuery(question), 5)) {
  const excerpt = text.replace(/\s+/g, ' ').trim().slice(0, 70);
  const file = relative(resolve(folder), resolve(documentId)) || basename(folder); // a file may be named in place of a folder
  console.log(`  ${score.toFixed(3)}  ${file}:${line}  ${excerpt}`);
}
await index.close();
await embedder.close();
