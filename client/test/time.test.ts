// Waiting with limits, and running one at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, serialised, TimeLimitError, whenDifferent, withLimit } from '../src/time';

/** A promise and its handle. */
function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

test('a limit names what did not answer', async () => {
  await assert.rejects(withLimit(new Promise(() => undefined), 1, 'The oracle'), (error: Error) => {
    assert.ok(error instanceof TimeLimitError);
    assert.match(error.message, /^The oracle did not answer within 0\.001 s$/);
    return true;
  });
  assert.equal(await withLimit(Promise.resolve(7), 1000, 'x'), 7);
});

test('calls during a run share one further run', async () => {
  const runs: ReturnType<typeof deferred<void>>[] = [];
  const restart = serialised(() => {
    const run = deferred<void>();
    runs.push(run);
    return run.promise;
  });
  const first = restart();
  const later = [restart(), restart(), restart()];
  assert.equal(runs.length, 1);
  runs[0]?.resolve();
  await first;
  await new Promise(setImmediate);
  assert.equal(runs.length, 2);
  runs[1]?.resolve();
  await Promise.all(later);
  assert.equal(runs.length, 2);
});

test('a failed run is told to its callers and does not stop later ones', async () => {
  let attempt = 0;
  const run = serialised(async () => {
    attempt += 1;
    await Promise.resolve();
    if (attempt === 1) throw new Error('first');
  });
  const first = run();
  const second = run();
  await assert.rejects(first, /first/);
  await second;
  await run();
  assert.equal(attempt, 3);
});

test('an event that fires twice sends once', async () => {
  const sent: string[] = [];
  const send = whenDifferent(async (value: { python: string }) => {
    sent.push(value.python);
  });
  for (const python of ['a', 'a', 'b', 'a']) await send({ python });
  assert.deepEqual(sent, ['a', 'b', 'a']);
});

test('what is done in turn begins when the one before has ended, failed or not', async () => {
  const first = deferred<void>();
  const done: string[] = [];
  const work = inTurn(async (name: string) => {
    done.push(`${name} begins`);
    if (name === 'first') await first.promise;
    done.push(`${name} ends`);
  });
  const one = work('first');
  const other = work('second');
  await Promise.resolve();
  assert.deepEqual(done, ['first begins']);
  first.reject(new Error('no'));
  await assert.rejects(one, /no/);
  await other;
  assert.deepEqual(done, ['first begins', 'second begins', 'second ends']);
});
