/** The same module instance for `import`: nothing is loaded twice, and `instanceof` holds across both. */
export * from './index.js';
