// What the scripts say: one line per step, plain text (the output is read in CI logs too).

/** An error whose message already tells what to do; printed without a stack. */
export class Remedy extends Error {
  /**
   * @param {string} problem
   * @param {string[]} remedies what the reader can do, one line each
   */
  constructor(problem, ...remedies) {
    super([problem, ...remedies.map((line) => `  → ${line}`)].join('\n'));
  }
}

/** @param {string} text */
export function say(text) {
  console.log(`▸ ${text}`);
}

/** @param {string} text */
export function detail(text) {
  console.log(`  ${text}`);
}

/**
 * Run a script's main function; a `Remedy` ends it with its message and exit code 1.
 * @param {() => Promise<number | void>} main
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    console.error(`\n✖ ${error instanceof Remedy ? error.message : error instanceof Error ? error.stack : error}`);
    process.exitCode = 1;
  }
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
