// Cells of notebooks that are not open: which address one has, VS Code tells of an open notebook only.
import { Location, type LogOutputChannel, workspace } from 'vscode';
import { messageOf } from './time';

export const CELL = /^cell=(\d+)$/;

/** Locations as VS Code can show them: `…/tour.ipynb#cell=3` becomes that cell. */
export async function cellsOf(
  locations: Location[] | null | undefined,
  log: LogOutputChannel,
): Promise<Location[] | undefined> {
  const found = await Promise.all((locations ?? []).map((location) => cellOf(location, log)));
  return found.flatMap((location) => location ?? []);
}

async function cellOf(location: Location, log: LogOutputChannel): Promise<Location | undefined> {
  const [, number] = CELL.exec(location.uri.fragment) ?? [];
  if (number === undefined) return location;
  try {
    const notebook = await workspace.openNotebookDocument(location.uri.with({ fragment: '' }));
    const cell = notebook.getCells()[Number(number)];
    return cell && new Location(cell.document.uri, location.range);
  } catch (error) {
    log.warn(`A reference is left out: ${messageOf(error)}`);
    return undefined;
  }
}
