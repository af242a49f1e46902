// `npm run lint`: every static check of the repository, all of them, then a table.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, VENV, VENV_PYTHON, WINDOWS } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { Remedy, runMain, say, seconds } from './lib/say.mjs';

const SERVER = join(ROOT, 'server');
const CONFIG = join(SERVER, 'pyproject.toml');
const PYTHON_CODE = ['server', 'tests', 'scripts'].map((name) => join(ROOT, name));

/** @param {string} name */
const module = (name) => [VENV_PYTHON, '-m', name];
/** @param {...string} path */
const node = (...path) => [process.execPath, join(ROOT, 'node_modules', ...path)];

/** With a cache of its own: each platform would find the other's useless. */
const WINDOWS_TYPES = ['--platform', 'win32', '--cache-dir', join(SERVER, '.mypy_cache', 'windows')];

const GITHUB = join(ROOT, '.github');
/** @param {string} schema @param {...string} files */
const schema = (schema, ...files) => [...module('check_jsonschema'), '--quiet', '--builtin-schema', schema, ...files];

/** @type {[string, string[], string?][]} name, command, folder */
const CHECKS = [
  ['biome', [...node('@biomejs', 'biome', 'bin', 'biome'), 'check', '.']],
  ['tsc', [...node('typescript', 'bin', 'tsc'), '--noEmit', '-p', ROOT]],
  ['ruff check', [...module('ruff'), 'check', '--quiet', '--config', CONFIG, ...PYTHON_CODE]],
  ['ruff format', [...module('ruff'), 'format', '--quiet', '--check', '--config', CONFIG, ...PYTHON_CODE]],
  ['mypy --strict', [...module('mypy'), '--config-file', CONFIG], SERVER],
  ['mypy, Windows', [...module('mypy'), '--config-file', CONFIG, ...WINDOWS_TYPES], SERVER],
  ['wire types', [VENV_PYTHON, join(ROOT, 'scripts', 'wire_types.py')]],
  ['house words', [VENV_PYTHON, join(ROOT, 'scripts', 'house_words.py')]],
  [
    'workflows',
    schema('vendor.github-workflows', join(GITHUB, 'workflows', 'test.yml'), join(GITHUB, 'workflows', 'release.yml')),
  ],
  ['dependabot', schema('vendor.dependabot', join(GITHUB, 'dependabot.yml'))],
  ['action', schema('vendor.github-actions', join(ROOT, 'action.yml'))],
  [
    'zizmor',
    [join(VENV, WINDOWS ? 'Scripts' : 'bin', 'zizmor'), '--offline', '--quiet', GITHUB, join(ROOT, 'action.yml')],
  ],
  ['import-linter', [join(VENV, WINDOWS ? 'Scripts' : 'bin', 'lint-imports'), '--config', CONFIG], SERVER],
];

/** Run all checks; the number of those that failed. */
export async function lint() {
  if (!existsSync(VENV_PYTHON)) throw new Remedy('There is no .venv yet.', 'npm run setup');
  const results = [];
  for (const [name, [command = '', ...args], cwd] of CHECKS) {
    say(name);
    const start = Date.now();
    const { code, output } = await run(command, args, { cwd: cwd ?? ROOT, quiet: true, allowFailure: true });
    if (code !== 0) console.log(output);
    results.push({ name, ok: code === 0, time: seconds(Date.now() - start) });
  }
  console.log();
  for (const { name, ok, time } of results) console.log(`  ${ok ? '✔' : '✖'} ${name.padEnd(16)} ${time.padStart(7)}`);
  return results.filter(({ ok }) => !ok).length;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => ((await lint()) === 0 ? 0 : 1));
}
