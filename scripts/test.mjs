// `npm test`: every kind of test, then a table and one last line, `N passed, N failed`.
// `node scripts/test.mjs [unit|client|lsp|e2e|zoo …] [-- arguments for the runners]` runs some of them.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from './lib/chromium.mjs';
import { codeServer } from './lib/nodePackages.mjs';
import { ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { Remedy, runMain, say, seconds } from './lib/say.mjs';
import { filesUnder } from './lib/stamps.mjs';
import { makePackage } from './package.mjs';
import { setUp } from './setup.mjs';

/** @typedef {{name: string, passed: number, failed: number, skipped: number, time: string}} Result */

/**
 * Each runs its tests, writes a JUnit file to `report` and returns the exit code.
 * @type {Record<string, (report: string, args: string[]) => Promise<number>>}
 */
const SUITES = {
  unit: (report, args) => pytest('tests/unit', report, args),
  lsp: (report, args) => pytest('tests/lsp', report, args),
  zoo: (report, args) => pytest('tests/zoo', report, args),
  soak: (report, args) => pytest('tests/lsp', report, ['-k', 'nothing_grows or no_fork', '-s', ...args], LONG_RUNS),
  fuzz: (report, args) => pytest('tests/unit/lsp/test_documents.py', report, args, LONG_RUNS),
  client: clientTests,
  e2e: endToEnd,
};
/** The zoo of models and the long runs take minutes: they have their own commands. */
const ALL = ['unit', 'lsp', 'client', 'e2e'];

/** How much longer the long runs are than in `npm test`. */
const LONG_RUNS = { FXLENS_SOAK_EDITS: '2000', FXLENS_FUZZ_EDITS: '100000', FXLENS_ALL_FAULTS: '1' };

await runMain(async () => {
  const dashes = process.argv.indexOf('--');
  const words = process.argv.slice(2, dashes < 0 ? undefined : dashes);
  const args = dashes < 0 ? [] : process.argv.slice(dashes + 1);
  const names = words.length > 0 ? words : ALL;
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown) throw new Remedy(`There is no kind of test “${unknown}”.`, `Known: ${Object.keys(SUITES).join(', ')}`);
  await setUp();
  const folder = mkdtempSync(join(tmpdir(), 'fxlens-test-'));
  try {
    /** @type {Result[]} */
    const results = [];
    for (const name of names) results.push(await runSuite(name, join(folder, `${name}.xml`), args));
    return report(results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * @param {string} name
 * @param {string} file
 * @param {string[]} args
 * @returns {Promise<Result>}
 */
async function runSuite(name, file, args) {
  console.log();
  say(`Tests: ${name}`);
  const start = Date.now();
  let code = 1;
  try {
    code = (await SUITES[name]?.(file, args)) ?? 1;
  } catch (error) {
    console.error(error instanceof Remedy ? error.message : error);
  }
  const xml = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const count = (/** @type {RegExp} */ pattern) => (xml.match(pattern) ?? []).length;
  const skipped = count(/<skipped\b/g);
  // A runner that fails without a failing test (it crashed, or found no tests) counts as one failure.
  const failed = count(/<(failure|error)\b/g) || (code === 0 ? 0 : 1);
  const passed = Math.max(0, count(/<testcase\b/g) - skipped - count(/<(failure|error)\b/g));
  return { name, passed, failed, skipped, time: seconds(Date.now() - start) };
}

/** @param {Result[]} results */
function report(results) {
  const total = (/** @type {'passed' | 'failed'} */ key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log('\n             passed  failed  skipped     time');
  for (const { name, passed, failed, skipped, time } of results) {
    const cells = [passed, failed, skipped].map((value) => String(value).padStart(7)).join(' ');
    console.log(`  ${failed ? '✖' : '✔'} ${name.padEnd(8)} ${cells}  ${time.padStart(8)}`);
  }
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 ? 0 : 1;
}

/**
 * @param {string} folder
 * @param {string} report
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
async function pytest(folder, report, args, env = {}) {
  const config = join(ROOT, 'server', 'pyproject.toml');
  const common = ['-m', 'pytest', '-c', config, `--rootdir=${ROOT}`, '-q', `--junitxml=${report}`];
  const { code } = await run(VENV_PYTHON, [...common, join(ROOT, folder), ...args], { allowFailure: true, env });
  return code;
}

/**
 * The client's unit tests: bundled by esbuild (they are TypeScript), run by Node's own runner.
 * @param {string} report
 * @param {string[]} args
 */
async function clientTests(report, args) {
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
  const { code } = await run(process.execPath, ['--test', '--enable-source-maps', ...reporters, ...args, ...files], {
    allowFailure: true,
  });
  return code;
}

/**
 * The real VS Code, with the packaged extension.
 * @param {string} report
 * @param {string[]} args
 */
async function endToEnd(report, args) {
  const env = {
    FXLENS_CHROMIUM: await chromium(),
    FXLENS_VSIX: await makePackage(),
    PLAYWRIGHT_JUNIT_OUTPUT_FILE: report,
  };
  await codeServer();
  const playwright = join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js');
  const config = join(ROOT, 'tests', 'e2e', 'playwright.config.ts');
  const { code } = await run(
    process.execPath,
    [playwright, 'test', '--config', config, '--reporter=list,junit', ...args],
    {
      allowFailure: true,
      env,
    },
  );
  return code;
}
