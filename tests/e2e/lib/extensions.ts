// Where the extension under test is installed: the set-up of the run tells its workers by variables.
export const EXTENSIONS = 'FXLENS_E2E_EXTENSIONS';
/** The same once more, for the window that tests share: its processes are told from a test's own by this folder. */
export const SHARED_EXTENSIONS = 'FXLENS_E2E_SHARED_EXTENSIONS';

export function extensionsFolder(variable: typeof EXTENSIONS | typeof SHARED_EXTENSIONS = EXTENSIONS): string {
  const folder = process.env[variable];
  if (!folder) throw new Error(`${variable} is not set: the run's set-up did not happen`);
  return folder;
}
