const { Embedder } = require('ovembed');

async function main() {
  const embedder = await Embedder.load();
  const documents = await embedder.embedDocuments(['Oil the chain after rain.', 'The soup is served at eight.']);
  const query = await embedder.embedQuery('my chain squeaks');
  const cosine = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0); // the vectors have length 1
  console.log([...documents].map((document) => cosine(document, query).toFixed(2)));
  await embedder.close();
}

void main();
