// `npm start`: the demo in a real VS Code with this extension: on the desktop where `code` is, else in the browser.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { buildClient, bundleLibraries } from './lib/bundle.mjs';
import { installExtension, startCodeServer } from './lib/codeServer.mjs';
import { DESKTOP_DATA, writeDesktopSettings } from './lib/desktop.mjs';
import { codeServer } from './lib/nodePackages.mjs';
import { DEMO, onPath, ROOT, TOOLS, WINDOWS } from './lib/paths.mjs';
import { endTree } from './lib/process.mjs';
import { detail, runMain, say } from './lib/say.mjs';
import { makePackage } from './package.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  const code = process.env.FXLENS_BROWSER ? undefined : onPath(['code', 'code-insiders', 'codium']);
  await (code ? onDesktop(code) : inBrowser());
});

/** @param {string} code */
async function onDesktop(code) {
  await bundleLibraries();
  await buildClient(false);
  writeDesktopSettings();
  say(
    `Opening the demo with ${code}; Ctrl+C (or closing the window) ends it. FXLENS_BROWSER=1 opens it in the browser.`,
  );
  const child = spawn(
    code,
    [
      ...['--user-data-dir', DESKTOP_DATA, '--extensions-dir', join(DESKTOP_DATA, 'extensions')],
      ...[`--extensionDevelopmentPath=${ROOT}`, '--disable-workspace-trust', '--new-window', '--wait', DEMO],
    ],
    { stdio: 'inherit', shell: WINDOWS, detached: !WINDOWS },
  );
  const ended = new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  await Promise.race([ended, interrupted()]);
  await endTree(child.pid);
}

async function inBrowser() {
  const vsix = await makePackage();
  const userData = join(TOOLS, 'browser', 'user-data');
  const extensions = join(TOOLS, 'browser', 'extensions');
  await codeServer(); // Says what it installs, where that is not there yet.
  say('VS Code: installing the extension');
  await installExtension(vsix, extensions, userData);
  say('VS Code: starting code-server');
  const port = Number(process.env.PORT) || 0;
  const server = await startCodeServer({ extensions, userData, port });
  const long = demoAddress(server.url);
  // Whoever chose the port may have forwarded that one alone.
  const short = port ? { url: long, close: () => {} } : await redirecting(long);
  say('Open this in a browser (Ctrl+C ends it):');
  console.log(`\n    ${short.url}\n`);
  say('The first import of torch takes a while, half a minute on a slow disk: then the mistake is marked.');
  say('The lens in the activity bar shows the model of the call nearest the cursor.');
  detail('Logs stay empty in this VS Code, which has no native logger; on the desktop they are filled.');
  const end = await Promise.race([interrupted(), server.exited]);
  short.close();
  say(end === 'interrupted' ? 'Ending VS Code and everything it started' : `code-server ended with code ${end}`);
  await server.stop();
}

/**
 * The demo, with a file in front whose mistake is marked at once.
 * @param {string} url
 */
function demoAddress(url) {
  const file = `vscode-remote://${new URL(url).host}${encodeURI(join(DEMO, 'resnet_features.py'))}`;
  return `${url}/?folder=${encodeURIComponent(DEMO)}&payload=${encodeURIComponent(JSON.stringify([['openFile', file]]))}`;
}

/**
 * An address that fits a line of a terminal, and leads to the long one.
 * @param {string} target
 * @returns {Promise<{url: string, close: () => void}>}
 */
async function redirecting(target) {
  const server = createServer((_, response) => response.writeHead(302, { location: target }).end());
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', () => resolve(null)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** @returns {Promise<'interrupted'>} */
function interrupted() {
  return new Promise((resolve) => {
    for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(name, () => resolve('interrupted'));
    }
  });
}
