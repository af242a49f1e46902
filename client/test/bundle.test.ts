// The two files that the client becomes: the first finds the second, and is small.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'fxlens-bundle-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const BUILD = `
  const { clientBuild, pageBuild } = await import('./scripts/lib/bundle.mjs');
  const { build } = await import('esbuild');
  await build({ ...clientBuild(true), outdir: process.argv[1] });
  await build({ ...pageBuild(true), outdir: process.argv[1] + '/page' });
`;
execFileSync(process.execPath, ['--input-type=module', '-e', BUILD, folder]);
const files = readdirSync(folder)
  .filter((name) => name !== 'page')
  .sort();
const page = join(folder, 'page');

test('both files are named in the package', () => {
  const ignore = readFileSync('.vscodeignore', 'utf8').split('\n');
  assert.deepEqual(files, ['extension.js', 'languageClient.js']);
  for (const file of files) assert.ok(ignore.includes(`!client/out/${file}`), file);
});

test('what VS Code waits for is small, and requires the library later by a name that require finds', () => {
  const main = readFileSync(join(folder, 'extension.js'), 'utf8');
  assert.ok(statSync(join(folder, 'extension.js')).size < 100_000);
  assert.match(main, /require\("\.\/languageClient"\)/);
  assert.doesNotMatch(main, /\bimport\(/);
});

test('the page of the graph view is small, and all of it is in the package', () => {
  const ignore = readFileSync('.vscodeignore', 'utf8').split('\n');
  const names = readdirSync(page).sort();
  assert.deepEqual(names, ['picture-file.css', 'picture-style.css', 'picture.js']);
  for (const name of names) assert.ok(ignore.includes(`!client/out/${name}`), name);
  assert.ok(statSync(join(page, 'picture.js')).size <= 40_000);
});

test('the page runs under a policy without eval, markup of its own, or a network', () => {
  const script = readFileSync(join(page, 'picture.js'), 'utf8');
  assert.doesNotMatch(
    script,
    /\beval\(|new Function|innerHTML|insertAdjacentHTML|fetch\(|XMLHttpRequest|WebSocket|new Worker/,
  );
  assert.doesNotMatch(script, /<\/script/i); // It stands in a page's own script element.
});
