/** The same module instance for `import`, where the default is the client and not the module. */
export * from './index.js';
export { OpenAI as default } from './index.js';
