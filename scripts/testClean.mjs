// `npm run test:clean`: the package as its users meet it, in an environment of its own (scripts/clean_environment.py).
import { join } from 'node:path';
import { ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { runMain } from './lib/say.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  const script = join(ROOT, 'scripts', 'clean_environment.py');
  const { code } = await run(VENV_PYTHON, [script, ...process.argv.slice(2)], { allowFailure: true });
  return code;
});
