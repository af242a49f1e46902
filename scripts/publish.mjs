// Publish what is in dist/: the .vsix to the marketplace, the Python package to its index. Run by the release workflow.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIST, ROOT } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { Remedy, runMain, say } from './lib/say.mjs';

/** Publishes nothing with `--dry-run`, but checks all that is needed. */
const DRY = process.argv.includes('--dry-run');

await runMain(async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const tag = process.env.RELEASE_TAG;
  if (tag !== `v${version}`)
    throw new Remedy(`The tag is ${tag ?? 'not given'}, the version ${version}.`, `Tag v${version}`);
  const files = readdirSync(DIST);
  const vsix = single(files, /\.vsix$/);
  const python = [single(files, new RegExp(`^fxlens-${version}-.*\\.whl$`)), single(files, /^fxlens-.*\.tar\.gz$/)];
  for (const file of [vsix, ...python]) say(`${DRY ? 'would publish' : 'publishing'} ${file}`);
  if (DRY) return;
  for (const name of ['VSCE_PAT', 'PYPI_TOKEN']) if (!process.env[name]) throw new Remedy(`${name} is not set.`);
  await run('npx', ['--yes', '@vscode/vsce@3', 'publish', '--packagePath', join(DIST, vsix)]);
  await run('python', ['-m', 'pip', 'install', '--quiet', 'twine>=6']);
  const env = { TWINE_USERNAME: '__token__', TWINE_PASSWORD: process.env.PYPI_TOKEN ?? '' };
  await run('python', ['-m', 'twine', 'upload', ...python.map((file) => join(DIST, file))], { env });
});

/** @param {string[]} files @param {RegExp} pattern */
function single(files, pattern) {
  const matching = files.filter((file) => pattern.test(file));
  const [file] = matching;
  if (file === undefined || matching.length > 1) {
    throw new Remedy(
      `dist/ has ${matching.length} files like ${pattern}.`,
      'npm run package && npm run package:python',
    );
  }
  return file;
}
