// `npm run sync`: the rules as package.json shows them (setting `fxlens.severity`), and their pages, taken from the server;
// and the types of the messages between both (client/src/wire.ts).
// `client/test/manifest.test.ts` and `tests/unit/checks/test_pages.py` fail where they differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, VENV_PYTHON } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { detail, runMain } from './lib/say.mjs';

const CODE = `
import json
from fxlens.checks import RULES
from fxlens.checks.pages import write_pages
write_pages(RULES)
print(json.dumps([[rule.code, rule.severity, rule.summary] for rule in RULES.values()]))
`;
const SEVERITIES = ['error', 'warning', 'information', 'hint', 'off'];

await runMain(async () => {
  const { output } = await run(VENV_PYTHON, ['-c', CODE], { quiet: true });
  /** @type {[string, string, string][]} */
  const rules = JSON.parse(output);
  update('package.json', (manifest) => {
    const properties = rules.map(([code, severity]) => [
      code,
      { type: 'string', enum: SEVERITIES, default: severity, markdownDescription: `%rule.${code}%` },
    ]);
    manifest.contributes.configuration.properties['fxlens.severity'].properties = Object.fromEntries(properties);
    return manifest;
  });
  update('package.nls.json', (texts) => {
    const others = Object.entries(texts).filter(([key]) => !key.startsWith('rule.'));
    return Object.fromEntries([...others, ...rules.map(([code, , summary]) => [`rule.${code}`, summary])]);
  });
  detail(`${rules.length} rules`);
  await run(VENV_PYTHON, [join(ROOT, 'scripts', 'wire_types.py'), '--write'], { quiet: true });
});

/**
 * @param {string} name
 * @param {(content: any) => object} change
 */
function update(name, change) {
  const file = join(ROOT, name);
  writeFileSync(file, `${JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8'))), undefined, 2)}\n`);
}
