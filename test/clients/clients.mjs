// JavaScript's clients against a server: its address, key and model are the arguments, texts come by standard input; what the
// clients get goes out as JSON.
import { createOpenAI } from '@ai-sdk/openai';
import { OpenAIEmbeddings } from '@langchain/openai';
import { OpenAIEmbedding } from '@llamaindex/openai';
import { embed, embedMany } from 'ai';

const [url, apiKey, model] = process.argv.slice(2);
const texts = JSON.parse(await read(process.stdin));
const baseURL = `${url}/v1`;

async function read(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

async function langchain() {
  const embeddings = new OpenAIEmbeddings({ model, apiKey, maxRetries: 0, configuration: { baseURL } });
  const cut = new OpenAIEmbeddings({ model, apiKey, dimensions: 8, configuration: { baseURL } });
  return {
    documents: await embeddings.embedDocuments(texts),
    query: await embeddings.embedQuery(texts[0]),
    dimensions: await cut.embedDocuments(texts),
  };
}

async function llamaindex() {
  const embeddings = new OpenAIEmbedding({ model, apiKey, maxRetries: 0, additionalSessionOptions: { baseURL } });
  return {
    documents: await embeddings.getTextEmbeddingsBatch(texts),
    query: await embeddings.getQueryEmbedding({ type: 'text', text: texts[0] }),
  };
}

async function aiSdk() {
  const provider = createOpenAI({ baseURL, apiKey });
  const many = await embedMany({ model: provider.embedding(model), values: texts, maxRetries: 0 });
  const one = await embed({
    model: provider.embedding(model),
    value: texts[0],
    providerOptions: { openai: { dimensions: 8 } },
  });
  return { documents: many.embeddings, usage: many.usage, query: one.embedding };
}

process.stdout.write(
  JSON.stringify({ langchain: await langchain(), llamaindex: await llamaindex(), aiSdk: await aiSdk() }),
);
