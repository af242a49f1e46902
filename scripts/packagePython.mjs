// `npm run package:python`: the wheel and the source distribution, in dist/.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DIST, ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { runMain } from './lib/say.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  mkdirSync(DIST, { recursive: true });
  for (const name of readdirSync(DIST).filter((file) => /^fxlens-.*(whl|gz)$/.test(file))) rmSync(join(DIST, name));
  await run(VENV_PYTHON, ['-m', 'build', '--outdir', DIST, join(ROOT, 'server')]);
});
