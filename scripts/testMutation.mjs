// `npm run test:mutation`: small changes of the code that a test must notice (scripts/mutation.py);
// `npm run test:mutation -- queries.py` only those of one module of tests/mutation.toml.
import { join } from 'node:path';
import { ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { installGroup } from './lib/python.mjs';
import { runMain } from './lib/say.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  await installGroup('mutation');
  const script = join(ROOT, 'scripts', 'mutation.py');
  const { code } = await run(VENV_PYTHON, [script, ...process.argv.slice(2)], { allowFailure: true });
  return code;
});
