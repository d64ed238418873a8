/**
 * npm install chromadb && npx chroma run, and beside it node examples/rag-chroma.mjs [HOST:PORT]: a collection of Chroma that embeds
 * the documents beside this file and what it is asked for. What is printed is the prompt for a language model of yours.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChromaClient } from 'chromadb';
import { closeEmbedders, OvembedEmbeddingFunction } from 'ovembed/chroma';

const [host, port] = (process.argv[2] ?? 'localhost:8000').split(':');
const client = new ChromaClient({ host, port: Number(port) });
const folder = join(import.meta.dirname, 'documents');
const ids = readdirSync(folder);
const documents = ids.map((name) => readFileSync(join(folder, name), 'utf8'));

const embeddingFunction = await OvembedEmbeddingFunction.create();
const collection = await client.getOrCreateCollection({ name: 'ovembed-example', embeddingFunction });
await collection.upsert({ ids, documents });

// As another program would: the collection knows what it was made with.
const again = await client.getCollection({ name: 'ovembed-example' });
const question = 'How long does it take to charge the battery?';
const found = await again.query({ queryTexts: [question], nResults: 2 });
console.log(`sources: ${found.ids[0].map((id, i) => `${id} (${(1 - found.distances[0][i]).toFixed(2)})`).join(', ')}`);
const context = found.documents[0].map((text) => text.trim()).join('\n\n');
console.log(`prompt: ${`Answer from this alone:\n\n${context}\n\nQuestion: ${question}`.slice(0, 300)} …`);
await client.deleteCollection({ name: 'ovembed-example' });
await closeEmbedders();
