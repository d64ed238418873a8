// ovembed serve --config server.mjs
export default {
  apiKeyFile: process.env.CREDENTIALS_DIRECTORY && `${process.env.CREDENTIALS_DIRECTORY}/keys`,
  models: [{ model: 'sentence-transformers/all-MiniLM-L6-v2', name: 'mini', precision: 'int8' }],
};
