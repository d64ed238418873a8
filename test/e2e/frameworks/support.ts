/** What the tests of all frameworks have in common: one embedder, texts, and the vectors that they must give. */
import { afterAll, beforeAll } from 'vitest';
import type { Embedder } from '../../../lib/index.js';
import { createProject, installFrameworks, type Project } from './project.js';

export const TEXTS = ['the river runs past seven old mills', 'a letter in the window', 'winter music'];
export const QUERY = 'where is the mill';

export const missing = installFrameworks();

export interface Setting {
  project: Project;
  embedder: Embedder;
  ovembed: typeof import('../../../lib/index.js');
  /** By the prompt for documents, and for queries. */
  documents: number[][];
  query: number[];
  /** Of a text that no prompt is put before. */
  plain: number[][];
}

/** Filled before the tests of the file. */
export function setting(): Setting {
  const filled = {} as Setting;
  beforeAll(async () => {
    if (missing) return;
    const project = await createProject();
    const ovembed = await project.import('ovembed');
    const embedder: Embedder = await ovembed.Embedder.load(project.model, OPTIONS);
    Object.assign(filled, {
      project,
      ovembed,
      embedder,
      documents: (await embedder.embedDocuments(TEXTS)).toArrays(),
      query: Array.from(await embedder.embedQuery(QUERY)),
      plain: (await embedder.embed(TEXTS)).toArrays(),
    });
  }, 400_000);
  afterAll(async () => {
    await filled.embedder?.close();
    filled.project?.remove();
  });
  return filled;
}

export const OPTIONS = { precision: 'f32', streams: 1 } as const;

/** An embedder that is refused so often, then works; the refusal says when to come again. */
export function refusing(embedder: Embedder, refusals: number, makeError: () => Error) {
  const asked = { calls: 0, refused: 0 };
  const guard =
    (name: 'stream' | 'embed' | 'embedQuery') =>
    (...args: never[]) => {
      asked.calls++;
      if (asked.refused++ < refusals) throw makeError();
      return (embedder[name] as (...args: never[]) => unknown)(...args);
    };
  const made = { info: embedder.info, stream: guard('stream'), embed: guard('embed'), embedQuery: guard('embedQuery') };
  return Object.assign(asked, { embedder: { ...made, close: async () => {} } as unknown as Embedder });
}
