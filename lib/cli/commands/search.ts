/** `ovembed search`: the passages of an index that are nearest to a question. */
import type { Match, VectorIndex } from '../../corpus/sink.js';
import { openIndex } from '../../corpus/sinks/open.js';
import type { Embedder } from '../../index.js';
import { EXIT } from '../exit-codes.js';
import { UsageError } from '../failures.js';
import type { SearchFlags } from '../flags.js';
import { loadModel } from '../load.js';
import { StdoutTarget } from '../output/targets.js';

/** @returns the exit code */
export async function search(query: string, flags: SearchFlags): Promise<number> {
  const index = await openIndex(flags.index);
  try {
    await using embedder = await loadModelOf(index, flags);
    const { dimensions } = index.space;
    const vector = await embedder.embedQuery(query, { dimensions });
    const matches = await index.search(vector, flags.count);
    const output = flags.json ? JSON.stringify({ query, index: flags.index, matches }) : describe(matches);
    await new StdoutTarget().append(Buffer.from(`${output}\n`));
  } finally {
    await index.close();
  }
  return EXIT.ok;
}

/** Vectors of two models are not to be compared. */
async function loadModelOf({ space }: VectorIndex, flags: SearchFlags): Promise<Embedder> {
  const { model = space.model, revision = flags.model === undefined ? space.revision : undefined } = flags;
  const embedder = await loadModel({ ...flags, model, ...(revision ? { revision } : {}) });
  const { fingerprint } = embedder.info;
  if (fingerprint === space.fingerprint) return embedder;
  await embedder.close();
  throw new UsageError(
    `${flags.index}: was made with ${space.model} (fingerprint ${space.fingerprint.slice(0, 12)}), whose vectors are not those of ` +
      `${model} as it is now (${fingerprint.slice(0, 12)}): name that model with --model, or build the index again`,
  );
}

const SNIPPET = 240;

function describe(matches: readonly Match[]): string {
  if (matches.length === 0) return 'Nothing is in the index.';
  return matches.map(describeMatch).join('\n\n');
}

function describeMatch({ score, documentId, line, headings, text }: Match): string {
  const where = [`${documentId}:${line}`, ...(headings.length > 0 ? [headings.join(' > ')] : [])].join('  ');
  const flat = text.replace(/\s+/g, ' ').trim();
  // Whole characters: the cut may not halve one.
  const snippet = flat.length > SNIPPET ? `${flat.slice(0, SNIPPET).toWellFormed().trimEnd()}…` : flat;
  return `${score.toFixed(3)}  ${where}\n       ${snippet}`;
}
