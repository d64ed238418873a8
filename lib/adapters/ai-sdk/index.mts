/** The same module instance for `import`. */
export * from './index.js';
