/**
 * npm install @langchain/core && node examples/rag-langchain.mjs: a chain of LangChain.js that answers from the documents beside
 * this file. The retrieval is real; the language model is LangChain's fake one, which says what it is told: put yours there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document } from '@langchain/core/documents';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { RunnablePassthrough, RunnableSequence } from '@langchain/core/runnables';
import { FakeListChatModel, FakeVectorStore as MemoryStore } from '@langchain/core/utils/testing';
import { OvembedEmbeddings } from 'ovembed/langchain';

const folder = join(import.meta.dirname, 'documents');
const documents = readdirSync(folder).map(
  (source) => new Document({ pageContent: readFileSync(join(folder, source), 'utf8'), metadata: { source } }),
);

const embeddings = new OvembedEmbeddings();
const store = await MemoryStore.fromDocuments(documents, embeddings);
const retriever = store.asRetriever(2);

const prompt = ChatPromptTemplate.fromTemplate('Answer from this alone:\n\n{context}\n\nQuestion: {question}');
const model = new FakeListChatModel({ responses: ['(a language model would answer here)'] });
const context = async (question) => {
  const found = await retriever.invoke(question);
  console.log(`sources: ${found.map(({ metadata }) => metadata.source).join(', ')}`);
  return found.map(({ pageContent }) => pageContent.trim()).join('\n\n');
};
const show = (value) => {
  console.log(`prompt: ${value.toString().slice(0, 300)} …`);
  return value;
};
const chain = RunnableSequence.from([
  { context, question: new RunnablePassthrough() },
  prompt,
  show,
  model,
  new StringOutputParser(),
]);

console.log(`answer: ${await chain.invoke(process.argv[2] ?? 'How long does it take to charge the battery?')}`);
await embeddings.close();
