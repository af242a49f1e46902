// Starting code-server, and ending it with everything it started.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeSettings } from './desktop.mjs';
import { codeServer } from './nodePackages.mjs';
import { endTree, run } from './process.mjs';
import { Remedy } from './say.mjs';

/**
 * Variables that tell code-server it runs inside another VS Code, and would make it talk to that one.
 * @returns {NodeJS.ProcessEnv}
 */
function cleanEnvironment() {
  const names = Object.entries(process.env).filter(([name]) => !name.startsWith('VSCODE_'));
  return Object.fromEntries(names);
}

/**
 * Install a .vsix into a folder of extensions.
 * @param {string} vsix
 * @param {string} extensions
 * @param {string} userData
 */
export async function installExtension(vsix, extensions, userData) {
  const { node, entry } = await codeServer();
  mkdirSync(extensions, { recursive: true });
  const folders = ['--extensions-dir', extensions, '--user-data-dir', userData];
  await run(node, [entry, ...folders, '--install-extension', vsix, '--force'], {
    quiet: true,
    env: cleanEnvironment(),
  });
}

/**
 * Start code-server on a free port (or `port`) and wait until it listens.
 * @param {{extensions: string, userData: string, settings?: object, port?: number, log?: (line: string) => void,
 *   env?: NodeJS.ProcessEnv}} options
 * @returns {Promise<{url: string, pid: number, stop: () => Promise<void>, exited: Promise<number>}>}
 */
export async function startCodeServer(options) {
  const { node, entry } = await codeServer();
  if (!existsSync(entry)) throw new Remedy(`${entry} is missing.`, 'Remove .tools and run npm run setup again.');
  writeSettings(options.userData, options.settings);
  const child = spawn(
    node,
    [
      entry,
      ...[
        '--bind-addr',
        `127.0.0.1:${options.port ?? 0}`,
        '--auth',
        'none',
        '--config',
        join(options.userData, 'none.yaml'),
      ],
      ...['--extensions-dir', options.extensions, '--user-data-dir', options.userData],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
    ],
    // A session of its own: Ctrl+C reaches us only, and we end the whole tree in order.
    { env: { ...cleanEnvironment(), ...options.env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  /** @type {Promise<number>} */
  const exited = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  const stop = async () => {
    await endTree(child.pid);
    await exited;
  };
  let output = '';
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Remedy(`code-server did not start within 60 s.\n${output}`)), 60_000);
    const read = (/** @type {Buffer} */ chunk) => {
      output += chunk;
      for (const line of String(chunk).trimEnd().split('\n')) options.log?.(line);
      const found = /HTTP server listening on (http:\/\/[^\s/]+)/.exec(output);
      if (found) {
        clearTimeout(timer);
        resolve(found[1]);
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void exited.then((code) => reject(new Remedy(`code-server ended with code ${code}.\n${output}`)));
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, pid: /** @type {number} */ (child.pid), stop, exited };
}
