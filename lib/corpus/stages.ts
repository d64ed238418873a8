/** Where the time of a run goes: stages overlap, so their sum may exceed the whole. */

/** The stages of a run of `indexCorpus`. */
export type StageName = 'read' | 'clean' | 'chunk' | 'embed' | 'write';

/** What a stage has done so far in this run. */
export interface Stage {
  /** UTF-16 units read; documents cleaned; chunks cut; tokens embedded; rows written. */
  done: number;
  /** Milliseconds that it was at work; `embed`: that its vectors were waited for. */
  ms: number;
}

/** What each stage has done. */
export type Stages = Readonly<Record<StageName, Stage>>;

export function newStages(): Stages {
  const stage = () => ({ done: 0, ms: 0 });
  return { read: stage(), clean: stage(), chunk: stage(), embed: stage(), write: stage() };
}

/** Adds the time that work takes. */
export async function timed<T>(stage: Stage, work: () => Promise<T> | T): Promise<T> {
  const started = performance.now();
  try {
    return await work();
  } finally {
    stage.ms += performance.now() - started;
  }
}
