// `npm test`: every kind of test, side by side, then a table and one last line, `N passed, N failed`.
// `node scripts/test.mjs [unit|client|lsp|e2e|zoo …] [-- arguments for the runners]` runs some of them.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from './lib/chromium.mjs';
import { readJunit } from './lib/junit.mjs';
import { codeServer } from './lib/nodePackages.mjs';
import { ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { endAllOnSignal, run } from './lib/process.mjs';
import { setUpLibraries } from './lib/python.mjs';
import { Remedy, runMain, say, seconds } from './lib/say.mjs';
import { filesUnder } from './lib/stamps.mjs';
import { makePackage } from './package.mjs';
import { setUp } from './setup.mjs';

/** @typedef {import('./lib/junit.mjs').Counts & {name: string, time: string}} Result */
/** @typedef {import('./lib/process.mjs').RunOptions} RunOptions */
/**
 * A kind of test: runs its runner, which writes a JUnit file to `report`, and returns the exit code. What `npm test` leaves
 * out has a command of its own. Kinds of one lane run one after another, the lanes side by side.
 * @typedef {{run: (report: string, args: string[], options: RunOptions) => Promise<number>, lane: string,
 *   command?: string}} Suite
 */

/** How much longer the long runs are than in `npm test`. */
const LONG_RUNS = { FXLENS_SOAK_EDITS: '2000', FXLENS_FUZZ_EDITS: '100000', FXLENS_ALL_FAULTS: '1' };
/** pytest's processes: each imports torch, and more than these would rather need memory than save time. */
const PROCESSES = Math.min(availableParallelism(), 6);
/** The fuzzers of the worker's pipe and of file trees, beside that of documents. */
const FUZZERS = [
  'worker/test_pipe.py',
  'engine/test_odd_files.py::test_random_trees',
  'worker/test_faults.py::test_noise_on_every_descriptor_fails_its_own_request_at_most',
].map((name) => join(ROOT, 'tests', 'unit', name));
/** xdist shows no output of tests. */
const SHOWN = ['-n0', '-s'];

/** @type {Record<string, Suite>} */
const SUITES = {
  client: { run: clientTests, lane: 'python' },
  unit: { run: pytest('tests/unit'), lane: 'python' },
  reality: { run: pytest('tests/reality'), lane: 'python' },
  lsp: { run: pytest('tests/lsp'), lane: 'python' },
  // Waits for VS Code half of the time, and leaves that half to the others.
  e2e: { run: endToEnd, lane: 'e2e' },
  zoo: { run: pytest('tests/zoo'), lane: 'python', command: 'npm run test:zoo' },
  libraries: {
    run: pytest('tests/zoo/libraries', [join(ROOT, 'tests', 'lsp', 'test_transformers.py')], {}, setUpLibraries),
    lane: 'python',
    command: 'npm run test:zoo',
  },
  torchvision: { run: pytest('tests/zoo', ['-m', 'not timm']), lane: 'python', command: 'npm run test:torchvision' },
  fuzz: {
    run: pytest('tests/unit/lsp/test_documents.py', FUZZERS, LONG_RUNS),
    lane: 'python',
    command: 'npm run test:soak',
  },
  matrix: {
    run: pytest('tests/unit/worker/test_matrix.py', [], LONG_RUNS),
    lane: 'python',
    command: 'npm run test:soak',
  },
  soak: {
    run: pytest('tests/lsp', ['-k', 'nothing_grows or no_fork', ...SHOWN], LONG_RUNS),
    lane: 'python',
    command: 'npm run test:soak',
  },
};
/** What `npm test` runs. */
const ALL = Object.keys(SUITES).filter((name) => !SUITES[name]?.command);
const SLOWEST = 10;
/** Between two lines on how far the suites are. */
const PROGRESS_MS = 30_000;

await runMain(async () => {
  const dashes = process.argv.indexOf('--');
  const words = process.argv.slice(2, dashes < 0 ? undefined : dashes);
  const args = dashes < 0 ? [] : process.argv.slice(dashes + 1);
  const names = words.length > 0 ? words : ALL;
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown) throw new Remedy(`There is no kind of test “${unknown}”.`, `Known: ${Object.keys(SUITES).join(', ')}`);
  await setUp();
  // Where the environment lets Python write no bytecode, each of hundreds of processes would compile our sources anew.
  await run(VENV_PYTHON, ['-m', 'compileall', '-q', join(ROOT, 'server', 'fxlens')]);
  const folder = mkdtempSync(join(tmpdir(), 'fxlens-test-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  endAllOnSignal();
  const start = Date.now();
  const results = await runAll(names, (name) => join(folder, `${name}.xml`), args);
  return report(results, names, seconds(Date.now() - start));
});

/**
 * @param {string[]} names
 * @param {(name: string) => string} file
 * @param {string[]} args
 * @returns {Promise<Result[]>} in the order of `names`
 */
async function runAll(names, file, args) {
  const lanes = new Map(names.map((name) => [laneOf(name), names.filter((other) => laneOf(other) === laneOf(name))]));
  /** Of the suites that run beside others: their output, which is shown when they end. @type {Map<string, string>} */
  const outputs = new Map();
  /** @type {Result[]} */
  const results = [];
  if (lanes.size > 1) say(`Tests: ${names.join(', ')}, side by side; the output of each is shown when it ends`);
  const start = Date.now();
  const timer = setInterval(() => {
    if (outputs.size === 0) return;
    const far = [...outputs].map(([name, output]) => `${name} ${progress(output)}`);
    say(`${seconds(Date.now() - start)}: ${far.join(', ')}`);
  }, PROGRESS_MS);
  const runLane = async (/** @type {string[]} */ lane) => {
    for (const name of lane) {
      const take = (/** @type {string} */ chunk) => outputs.set(name, (outputs.get(name) ?? '') + chunk);
      if (lanes.size > 1) take('');
      else say(`Tests: ${name}`);
      const result = await runSuite(name, file(name), args, lanes.size > 1 ? { take } : {});
      results.push(result);
      if (lanes.size > 1) console.log(`\n▸ Tests: ${name} (${result.time})\n${outputs.get(name)?.trimEnd()}\n`);
      outputs.delete(name);
    }
  };
  try {
    await Promise.all([...lanes.values()].map(runLane));
  } finally {
    clearInterval(timer);
  }
  return results.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name));
}

/** @param {string} name */
function laneOf(name) {
  return SUITES[name]?.lane;
}

/**
 * How far a runner is, by what it printed: pytest's per cent, Playwright's number of tests.
 * @param {string} output
 */
function progress(output) {
  const percent = output.match(/\[ *\d+%\]/g)?.at(-1);
  if (percent) return percent.slice(1, -1).trim();
  const total = /Running (\d+) tests/.exec(output)?.[1];
  return total ? `${(output.match(/^ +\S+ +\d+ /gm) ?? []).length} of ${total}` : 'starting';
}

/**
 * @param {string} name
 * @param {string} file
 * @param {string[]} args
 * @param {RunOptions} options
 * @returns {Promise<Result>}
 */
async function runSuite(name, file, args, options) {
  const start = Date.now();
  let code = 1;
  try {
    code = (await SUITES[name]?.run(file, args, { ...options, allowFailure: true, interruptible: true })) ?? 1;
  } catch (error) {
    console.error(error instanceof Remedy ? error.message : error);
  }
  const counts = readJunit(file);
  // A runner that fails without a failing test (it crashed, or found no tests) counts as one failure.
  const failed = counts.failed || (code === 0 ? 0 : 1);
  return { ...counts, failed, name, time: seconds(Date.now() - start) };
}

/**
 * @param {Result[]} results
 * @param {string[]} names
 * @param {string} time
 */
function report(results, names, time) {
  const tests = results.flatMap((result) => result.tests.map((test) => ({ ...test, suite: result.name })));
  console.log(`\nThe slowest ${SLOWEST} tests`);
  for (const { suite, name, seconds } of tests.sort((one, other) => other.seconds - one.seconds).slice(0, SLOWEST)) {
    console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${suite.padEnd(6)}  ${name}`);
  }
  const total = (/** @type {'passed' | 'failed'} */ key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log('\n                passed  failed  skipped     time');
  for (const { name, passed, failed, skipped, time } of results) {
    const cells = [passed, failed, skipped].map((value) => String(value).padStart(7)).join(' ');
    console.log(`  ${failed ? '✖' : '✔'} ${name.padEnd(11)} ${cells}  ${time.padStart(8)}`);
  }
  const left = Object.entries(SUITES).filter(([name, { command }]) => command && !names.includes(name));
  if (names === ALL) {
    console.log(`\nNot run here: ${left.map(([name, { command }]) => `${name} (${command})`).join(', ')}`);
    console.log('and the benchmarks (npm run bench).');
  }
  console.log(`\n${time}\n${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 ? 0 : 1;
}

/**
 * @param {string} folder
 * @param {string[]} own arguments of this kind of test
 * @param {Record<string, string>} [env]
 * @param {() => Promise<string>} [python] gives the Python to run them with, set up
 * @returns {Suite['run']}
 */
function pytest(folder, own = [], env = {}, python = async () => VENV_PYTHON) {
  return async (report, args, options) => {
    const config = join(ROOT, 'server', 'pyproject.toml');
    // Tests that share something costly are in one group (tests/conftest.py); all others go where there is time.
    const parallel = ['-n', String(PROCESSES), '--dist', 'loadgroup'];
    const common = ['-m', 'pytest', '-c', config, `--rootdir=${ROOT}`, '-q', `--junitxml=${report}`];
    const all = [...common, ...parallel, join(ROOT, folder), ...own, ...args];
    const { code } = await run(await python(), all, { ...options, env });
    return code;
  };
}

/**
 * The client's unit tests: bundled by esbuild (they are TypeScript), run by Node's own runner.
 * @type {Suite['run']}
 */
async function clientTests(report, args, options) {
  const { build } = await import('esbuild');
  const outdir = join(ROOT, 'client', 'out', 'test');
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const entryPoints = filesUnder(join(ROOT, 'client', 'test')).filter((file) => file.endsWith('.test.ts'));
  await build({
    entryPoints,
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const files = filesUnder(outdir).filter((file) => file.endsWith('.test.js'));
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  reporters.push('--test-reporter=junit', `--test-reporter-destination=${report}`);
  const all = ['--test', '--enable-source-maps', ...reporters, ...args, ...files];
  const { code } = await run(process.execPath, all, options);
  return code;
}

/**
 * The real VS Code, with the packaged extension.
 * @type {Suite['run']}
 */
async function endToEnd(report, args, options) {
  const env = {
    FXLENS_CHROMIUM: await chromium(),
    FXLENS_VSIX: await makePackage(),
    PLAYWRIGHT_JUNIT_OUTPUT_FILE: report,
  };
  await codeServer();
  const playwright = join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js');
  const config = join(ROOT, 'tests', 'e2e', 'playwright.config.ts');
  const all = [playwright, 'test', '--config', config, '--reporter=list,junit', ...args];
  const { code } = await run(process.execPath, all, { ...options, env });
  return code;
}
