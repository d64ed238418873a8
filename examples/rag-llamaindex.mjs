/**
 * npm install llamaindex@0.12.1 @llamaindex/core@0.6.22 && node examples/rag-llamaindex.mjs: a query engine of LlamaIndex.TS over
 * the documents beside this file. The retrieval is real; the language model is LlamaIndex's mock, which repeats its prompt.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockLLM } from '@llamaindex/core/llms/mock';
import { Document, Settings, VectorStoreIndex } from 'llamaindex';
import { OvembedEmbedding } from 'ovembed/llamaindex';

const folder = join(import.meta.dirname, 'documents');
const documents = readdirSync(folder).map(
  (source) => new Document({ text: readFileSync(join(folder, source), 'utf8'), metadata: { source } }),
);

const embedding = new OvembedEmbedding();
Settings.embedModel = embedding;
Settings.llm = new MockLLM({ responseMessage: '(a language model would answer here)' });

const index = await VectorStoreIndex.fromDocuments(documents);
const engine = index.asQueryEngine({ similarityTopK: 2 });
const query = process.argv[2] ?? 'How long does it take to charge the battery?';
const { message, sourceNodes } = await engine.query({ query });
console.log(
  `sources: ${sourceNodes.map(({ node, score }) => `${node.metadata.source} (${score.toFixed(2)})`).join(', ')}`,
);
console.log(`answer: ${message.content}`);
await embedding.close();
