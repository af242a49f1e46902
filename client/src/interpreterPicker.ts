// Choosing the Python that models are read with: a list with version and torch, and a file dialogue for any other.
import { ConfigurationTarget, commands, l10n, type QuickPickItem, QuickPickItemKind, window, workspace } from 'vscode';
import { folderPaths } from './configuration';
import { type Candidate, interpreterCandidates } from './environment/candidates';
import type { Prober } from './environment/probe';

interface Row extends QuickPickItem {
  /** Undefined: look for one in the file system; null: the automatic choice. */
  readonly interpreter?: string | null;
  /** Where it stands in the list. */
  readonly use?: Use;
}

/** What can be used comes first. */
enum Use {
  HasTorch,
  Unknown,
  NoTorch,
  DoesNotRun,
}

const BROWSE: Row = { label: `$(folder) ${l10n.t('Browse…')}`, alwaysShow: true };

/** The Python extension's own picker where it is installed, else ours. */
export async function selectInterpreter(probe: Prober): Promise<void> {
  const known = await commands.getCommands(true);
  if (known.includes('python.setInterpreter')) {
    await commands.executeCommand('python.setInterpreter');
    return;
  }
  if (!workspace.isTrusted) {
    // Looking at an interpreter runs it, and the workspace may bring one.
    await commands.executeCommand('workbench.trust.manage');
    return;
  }
  const chosen = await pick(probe);
  if (chosen === undefined) return;
  const target = workspace.workspaceFolders?.length ? ConfigurationTarget.Workspace : ConfigurationTarget.Global;
  await workspace.getConfiguration('fxlens').update('interpreter', chosen ?? undefined, target);
}

/** An interpreter; null for the automatic choice; undefined if nothing was chosen. */
async function pick(probe: Prober): Promise<string | null | undefined> {
  const box = window.createQuickPick<Row>();
  box.title = l10n.t('FX Lens: Select Python Interpreter');
  box.placeholder = l10n.t('Choose the Python that imports your models');
  box.matchOnDescription = true;
  box.matchOnDetail = true;
  box.busy = true;
  const candidates = interpreterCandidates(folderPaths(), process.env);
  const rows = new Map<string, Row>(
    candidates.map((each) => [each.interpreter, rowOf(each, Use.Unknown, l10n.t('looking…'))]),
  );
  const automatic: Row = {
    label: `$(sparkle) ${l10n.t('Automatic')}`,
    detail: l10n.t('The Python that VS Code has chosen, else .venv of the folder, the active environment, PATH'),
    interpreter: null,
  };
  const separator: Row = { label: '', kind: QuickPickItemKind.Separator };
  const show = (): void => {
    const sorted = [...rows.values()].sort((one, other) => (one.use ?? 0) - (other.use ?? 0));
    box.items = [automatic, ...sorted, separator, BROWSE];
  };
  show();
  box.show();
  const looked = candidates.map(async (candidate) => {
    const answer = await probe(candidate.interpreter, { torch: true });
    if ('failure' in answer) {
      rows.set(candidate.interpreter, rowOf(candidate, Use.DoesNotRun, l10n.t('does not run: {0}', answer.failure)));
    } else {
      const torch = answer.torch ? `torch ${answer.torch}` : l10n.t('no torch');
      rows.set(
        candidate.interpreter,
        rowOf(candidate, answer.torch ? Use.HasTorch : Use.NoTorch, torch, answer.version.join('.')),
      );
    }
    show();
  });
  void Promise.all(looked).then(() => {
    box.busy = false;
  });
  const row = await new Promise<Row | undefined>((resolve) => {
    box.onDidAccept(() => resolve(box.selectedItems[0]));
    box.onDidHide(() => resolve(undefined));
  });
  box.dispose();
  if (row !== BROWSE) return row?.interpreter;
  const [file] = (await window.showOpenDialog({ title: box.title, canSelectMany: false })) ?? [];
  return file?.fsPath;
}

function rowOf({ interpreter, origin }: Candidate, use: Use, torch: string, version = ''): Row {
  const label = `Python ${version}`.trim();
  return { label, description: `${torch} · ${origin}`, detail: interpreter, interpreter, use };
}
