// Installs the packaged extension once; the tests share the folder, each has user data of its own.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { installExtension } from '../../scripts/lib/codeServer.mjs';
import { TOOLS } from '../../scripts/lib/paths.mjs';
import { makePackage } from '../../scripts/package.mjs';

export default async function globalSetup(): Promise<void> {
  const vsix = process.env.FXLENS_VSIX ?? (await makePackage());
  const folder = join(TOOLS, 'e2e');
  rmSync(folder, { recursive: true, force: true });
  await installExtension(vsix, join(folder, 'extensions'), join(folder, 'user-data'));
}
