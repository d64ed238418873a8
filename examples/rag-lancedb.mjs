/**
 * npm install @lancedb/lancedb && node examples/rag-lancedb.mjs: a table of LanceDB that embeds the documents beside this file and
 * what it is searched for. What is printed is the prompt for a language model of yours; none is asked.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@lancedb/lancedb';
import { LanceSchema } from '@lancedb/lancedb/embedding';
import { Utf8 } from 'apache-arrow';
import { OvembedEmbeddingFunction } from 'ovembed/lancedb';

const folder = join(import.meta.dirname, 'documents');
const rows = readdirSync(folder).map((source) => ({ source, text: readFileSync(join(folder, source), 'utf8') }));

const home = mkdtempSync(join(tmpdir(), 'rag-lancedb-'));
const ovembed = await OvembedEmbeddingFunction.create();
const schema = LanceSchema({ source: new Utf8(), text: ovembed.sourceField(), vector: ovembed.vectorField() });
const database = await connect(home);
const table = await database.createTable('documents', rows, { schema });

const question = process.argv[2] ?? 'How long does it take to charge the battery?';
const found = await table.search(question).distanceType('cosine').limit(2).toArray();
console.log(`sources: ${found.map(({ source, _distance }) => `${source} (${(1 - _distance).toFixed(2)})`).join(', ')}`);
const prompt = `Answer from this alone:\n\n${found.map(({ text }) => text.trim()).join('\n\n')}\n\nQuestion: ${question}`;
console.log(`prompt: ${prompt.slice(0, 300)} …`);
database.close();
rmSync(home, { recursive: true });
await ovembed.close();
