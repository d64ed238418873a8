/**
 * What a report says, in an order and in a form that know nothing of Markdown or HTML.
 *
 * @typedef {object} Section
 * @property {string} title
 * @property {string} [text] what the figures are
 * @property {Table} [table]
 * @property {object[]} [charts] see svg.mjs; Markdown has none
 * @property {string[]} [notes]
 * @typedef {{ header: string[], rows: string[][] }} Table
 */
import { comparisonSections } from './comparison.mjs';
import { decimals, integer } from './format.mjs';
import { studySections } from './studies.mjs';

/** @returns {Section[]} */
export function sectionsOf(report) {
  return [environment(report), barsSection(report), ...comparisonSections(report), ...studySections(report)];
}

export function barsSection({ bars: rows }) {
  return {
    title: 'Bars',
    table: {
      header: ['bar', 'limit', 'measured', 'verdict'],
      rows: rows.map(({ name, limit, measured, verdict }) => [name, limit, measured, verdict]),
    },
  };
}

function environment({ date, machine, versions, corpus, truth, options }) {
  const busy = machine.loadBefore > 0.5 ? ' (the machine was not idle)' : '';
  return {
    title: 'Run',
    notes: [
      `${date}; ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.system}`,
      `instruction sets: ${machine.flags?.join(', ') ?? 'not known on this system'}`,
      `load average before the start: ${machine.loadBefore.toFixed(2)}${busy}`,
      `Node ${machine.node}, ovembed ${versions.ovembed}, OpenVINO ${versions.openvino}`,
      `peers: ${describePeers(versions)}`,
      `corpus: seed ${options.seed}, ${integer(corpus.texts)} texts, ${integer(corpus.tokens)} tokens after truncation to ` +
        `${corpus.maxTokens}, mean ${decimals(1)(corpus.meanTokens)}; query of ${corpus.queryTokens} tokens`,
      `median of ${options.rounds} interleaved ${options.rounds === 1 ? 'round' : 'rounds'} (lowest to highest); ` +
        `cosine over ${truth.texts} texts against ${truth.source}`,
      ...(options.quick ? ['--quick: these figures show that the bench runs, and no more'] : []),
    ],
  };
}

function describePeers({ peers, python }) {
  const node = Object.entries(peers).map(([name, { version, onnxruntime }]) =>
    version ? `${name} ${version} (onnxruntime ${onnxruntime})` : `${name} not installed`,
  );
  return [...node, ...Object.entries(python ?? {}).map(([name, version]) => `${name} ${version}`)].join(', ');
}
