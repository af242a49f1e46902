// Installs the packaged extension once per run; the tests share the folder, each has user data of its own.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installExtension } from '../../scripts/lib/codeServer.mjs';
import { makePackage } from '../../scripts/package.mjs';
import { EXTENSIONS, SHARED_EXTENSIONS } from './lib/extensions';

/** @returns what undoes it */
export default async function globalSetup(): Promise<() => void> {
  const vsix = process.env.FXLENS_VSIX ?? (await makePackage());
  // A folder of the run's own: another run must neither replace the extension under test nor count its processes.
  const folder = mkdtempSync(join(tmpdir(), 'fxlens-e2e-'));
  const extensions = join(folder, 'extensions');
  process.env[EXTENSIONS] = extensions;
  await installExtension(vsix, extensions, join(folder, 'user-data'));
  // VS Code's list of them names their folders by absolute paths, and is made anew where it is missing.
  process.env[SHARED_EXTENSIONS] = join(folder, 'shared');
  cpSync(extensions, join(folder, 'shared'), { recursive: true, filter: (path) => !path.endsWith('extensions.json') });
  return () => rmSync(folder, { recursive: true, force: true });
}
