// Installs the packaged extension once per run; the tests share the folder, each has user data of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installExtension } from '../../scripts/lib/codeServer.mjs';
import { makePackage } from '../../scripts/package.mjs';
import { EXTENSIONS } from './lib/extensions';

/** @returns what undoes it */
export default async function globalSetup(): Promise<() => void> {
  const vsix = process.env.FXLENS_VSIX ?? (await makePackage());
  // A folder of the run's own: another run must neither replace the extension under test nor count its processes.
  const folder = mkdtempSync(join(tmpdir(), 'fxlens-e2e-'));
  process.env[EXTENSIONS] = join(folder, 'extensions');
  await installExtension(vsix, join(folder, 'extensions'), join(folder, 'user-data'));
  return () => rmSync(folder, { recursive: true, force: true });
}
