// Every wait has a limit: what others answer (other extensions, processes) may never come.

export class TimeLimitError extends Error {
  constructor(what: string, milliseconds: number) {
    super(`${what} did not answer within ${milliseconds / 1000} s`);
  }
}

/** The value of `promise`, or a `TimeLimitError` when it takes longer. */
export async function withLimit<T>(promise: PromiseLike<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeLimitError(what, milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** `action`, run once after calls have stopped for `milliseconds`. */
export function debounced(action: () => void, milliseconds: number): { call(): void; dispose(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    call: () => {
      clearTimeout(timer);
      timer = setTimeout(action, milliseconds);
    },
    dispose: () => clearTimeout(timer),
  };
}

/**
 * A function that runs `work` one at a time: calls during a run share one further run after it, which sees the newest
 * state. Failures reach the callers of that run and do not stop later ones.
 */
export function serialised(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  const start = (): Promise<void> => {
    const current = work().finally(() => {
      if (running === current) running = undefined;
    });
    running = current;
    return current;
  };
  return () => {
    if (!running) return start();
    queued ??= running
      .catch(() => undefined) // Its own callers were told.
      .then(() => {
        queued = undefined;
        return start();
      });
    return queued;
  };
}

/** `work`, but each run starts when the one before it has ended; a failure reaches its own caller and stops no other. */
export function inTurn<A extends unknown[]>(work: (...given: A) => Promise<void>): (...given: A) => Promise<void> {
  let last = Promise.resolve();
  return (...given) => {
    const run = last.then(() => work(...given));
    last = run.catch(() => undefined);
    return run;
  };
}

/** `send`, but not for what was sent last, compared as JSON: events of other extensions fire twice, and for nothing. */
export function whenDifferent<T>(send: (value: T) => Promise<void>): (value: T) => Promise<void> {
  let last: string | undefined;
  return async (value) => {
    const text = JSON.stringify(value);
    if (text === last) return;
    last = text;
    await send(value);
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
