/** What records of one kind of work have in common. */
import type { TracingChannel } from 'node:diagnostics_channel';
import { type Context, context, type Meter, type Tracer } from '@opentelemetry/api';
import type { Watched } from '../watch.js';

/** Where spans and measurements go. */
export interface Scope {
  tracer: Tracer;
  meter: Meter;
}

/** Told of the beginning and the end of each piece of work. */
export interface Recorder<M extends Watched> {
  start(message: M): void;
  end(message: M): void;
}

/** @returns what ends it */
export function listen<M extends Watched>(
  { start, asyncEnd }: TracingChannel<M, M>,
  recorder: Recorder<M>,
): () => void {
  const onStart = (message: unknown) => recorder.start(message as M);
  const onEnd = (message: unknown) => recorder.end(message as M);
  start.subscribe(onStart);
  asyncEnd.subscribe(onEnd);
  return () => {
    start.unsubscribe(onStart);
    asyncEnd.unsubscribe(onEnd);
  };
}

/** The work runs in this context, and in what others want besides. */
export function runIn(message: Watched, inside: Context): void {
  const { run } = message;
  message.run = (work) => context.with(inside, () => (run ? run(work) : work()));
}
