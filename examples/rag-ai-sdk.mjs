/**
 * npm install ai && node examples/rag-ai-sdk.mjs: retrieval for Vercel's AI SDK (6 or 7) over the documents beside this file. The
 * retrieval is real; the language model is the SDK's mock: put yours there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cosineSimilarity, embed, embedMany, generateText } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { Embedder } from 'ovembed';
import { ovEmbedding } from 'ovembed/ai-sdk';

const folder = join(import.meta.dirname, 'documents');
const names = readdirSync(folder);
const values = names.map((name) => readFileSync(join(folder, name), 'utf8'));

// Two models for one embedder: many models put another prompt before a query than before a document.
const embedder = await Embedder.load();
const documents = ovEmbedding({ embedder, inputType: 'document' });
const queries = ovEmbedding({ embedder, inputType: 'query' });

const { embeddings, usage } = await embedMany({ model: documents, values });
console.log(`${values.length} documents, ${usage.tokens} tokens`);

const question = process.argv[2] ?? 'How long does it take to charge the battery?';
const { embedding } = await embed({ model: queries, value: question });
const found = names
  .map((name, i) => ({ name, text: values[i], score: cosineSimilarity(embedding, embeddings[i]) }))
  .sort((a, b) => b.score - a.score)
  .slice(0, 2);
console.log(`sources: ${found.map(({ name, score }) => `${name} (${score.toFixed(2)})`).join(', ')}`);

const model = new MockLanguageModelV3({
  doGenerate: {
    content: [{ type: 'text', text: '(a language model would answer here)' }],
    finishReason: { unified: 'stop', raw: 'stop' },
    usage: { inputTokens: {}, outputTokens: {} },
    warnings: [],
  },
});
const prompt = `Answer from this alone:\n\n${found.map(({ text }) => text.trim()).join('\n\n')}\n\nQuestion: ${question}`;
console.log(`prompt: ${prompt.slice(0, 300)} …`);
const { text } = await generateText({ model, prompt });
console.log(`answer: ${text}`);
await embedder.close();
