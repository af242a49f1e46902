// Where the extension under test is installed: the set-up of the run tells its workers by a variable.
export const EXTENSIONS = 'FXLENS_E2E_EXTENSIONS';

export function extensionsFolder(): string {
  const folder = process.env[EXTENSIONS];
  if (!folder) throw new Error(`${EXTENSIONS} is not set: the run's set-up did not happen`);
  return folder;
}
