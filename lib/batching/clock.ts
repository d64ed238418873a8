/** Time, so that tests can bring their own. */
export interface Clock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Calls back once, after `ms`; the process does not stay alive for it. Returns a function that calls it off. */
  after(ms: number, callback: () => void): () => void;
  /** The same, but the process stays alive for it: for what somebody waits for. */
  soon(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
