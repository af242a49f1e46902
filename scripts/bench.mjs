// `npm run bench`: every benchmark in tests/bench, one after the other; `npm run bench -- naming` only that one.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { Remedy, runMain, say } from './lib/say.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  const folder = join(ROOT, 'tests', 'bench');
  /** @type {Map<string, string>} */
  const known = new Map(
    readdirSync(folder).flatMap((name) => {
      const [, short] = /^bench_(\w+)\.(?:py|mjs)$/.exec(name) ?? [];
      return short ? [[short, join(folder, name)]] : [];
    }),
  );
  const [asked, ...args] = process.argv.slice(2);
  if (asked && !known.has(asked)) {
    throw new Remedy(`There is no benchmark “${asked}”.`, `Known: ${[...known.keys()].join(', ')}`);
  }
  await setUp();
  for (const [name, file] of known) {
    if (asked && name !== asked) continue;
    say(`Benchmark: ${name}`);
    await run(file.endsWith('.py') ? VENV_PYTHON : process.execPath, [file, ...args]);
  }
});
