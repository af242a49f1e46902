// `npm run bench`: every benchmark in tests/bench, one after the other; `npm run bench -- naming` only that one.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { Remedy, runMain, say } from './lib/say.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  const folder = join(ROOT, 'tests', 'bench');
  const known = readdirSync(folder).flatMap((name) => /^bench_(\w+)\.py$/.exec(name)?.[1] ?? []);
  const [asked, ...args] = process.argv.slice(2);
  if (asked && !known.includes(asked)) {
    throw new Remedy(`There is no benchmark “${asked}”.`, `Known: ${known.join(', ')}`);
  }
  await setUp();
  for (const name of asked ? [asked] : known) {
    say(`Benchmark: ${name}`);
    await run(VENV_PYTHON, [join(folder, `bench_${name}.py`), ...args]);
  }
});
