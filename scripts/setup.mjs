// `npm run setup`: the development environment, made or brought up to date. Does nothing twice.
import { pathToFileURL } from 'node:url';
import { buildPythonPage } from './lib/bundle.mjs';
import { checkNode, setUpNodePackages } from './lib/nodePackages.mjs';
import { setUpPython } from './lib/python.mjs';
import { runMain, say, seconds } from './lib/say.mjs';

export async function setUp() {
  const start = Date.now();
  say('Set-up');
  checkNode();
  await setUpPython();
  await setUpNodePackages();
  await buildPythonPage();
  say(`Set-up done in ${seconds(Date.now() - start)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runMain(setUp);
