// `npm run docs`: the documentation site, in docs/_build/html. A warning is an error.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { installGroup } from './lib/python.mjs';
import { runMain, say } from './lib/say.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  await installGroup('docs');
  const target = join(ROOT, 'docs', '_build');
  rmSync(target, { recursive: true, force: true });
  const html = join(target, 'html');
  await run(VENV_PYTHON, [
    '-m',
    'sphinx',
    '-W',
    '--keep-going',
    '-q',
    '-d',
    join(target, 'doctrees'),
    join(ROOT, 'docs'),
    html,
  ]);
  say(`The site is in ${html}.`);
});
