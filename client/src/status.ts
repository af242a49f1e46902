// The language status item: what FX Lens does for the Python file in front, and what it lacks.
import {
  type Disposable,
  type DocumentSelector,
  LanguageStatusSeverity,
  l10n,
  languages,
  type TextDocument,
  window,
  workspace,
} from 'vscode';
import { PYTHON } from './documents';
import type { Status } from './protocol';
import type { Server } from './server';

/** Matches nothing: the item is hidden. */
const NOTHING: DocumentSelector = { scheme: 'fxlens-nothing' };

const SHOW_LOG = { command: 'fxlens.showLog', title: l10n.t('Log') };
const MANAGE_TRUST = { command: 'workbench.trust.manage', title: l10n.t('Manage') };

export class StatusItem implements Disposable {
  readonly #item = languages.createLanguageStatusItem('fxlens.status', NOTHING);
  readonly #known = new Map<string, Status>();
  readonly #disposables: Disposable[];

  constructor(private readonly server: Server) {
    this.#item.name = 'FX Lens';
    this.#item.command = SHOW_LOG;
    this.#disposables = [
      this.#item,
      server.onStatus((status) => this.#remember(status)),
      server.onDidChange(() => {
        if (server.state === 'starting') this.#known.clear();
        this.#show();
      }),
      window.onDidChangeActiveTextEditor(() => this.#show()),
      workspace.onDidCloseTextDocument((document) => this.#known.delete(document.uri.toString())),
    ];
    this.#show();
  }

  /** The server's latest state of a document. */
  of(document: TextDocument): Status | undefined {
    return this.#known.get(document.uri.toString());
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #remember(status: Status): void {
    if (status.uri) this.#known.set(status.uri, status);
    this.#show();
  }

  /** Shown for files with an extraction call only, and where the server itself is missing. */
  #show(): void {
    const document = window.activeTextEditor?.document;
    const status = document && this.of(document);
    const failed = this.server.state === 'failed' || this.server.state === 'noPython';
    this.#item.selector = failed || status ? PYTHON : NOTHING;
    this.#item.busy = !failed && status?.severity === 'busy';
    if (failed) {
      this.#item.text = l10n.t('FX Lens: not running');
      this.#item.detail = this.server.reason;
      this.#item.severity = LanguageStatusSeverity.Error;
      this.#item.command = { command: 'fxlens.restart', title: l10n.t('Restart') };
    } else if (status) {
      this.#item.text = `FX Lens: ${status.text}`;
      this.#item.detail = detailOf(status);
      this.#item.severity = severityOf(status);
      this.#item.command = workspace.isTrusted ? SHOW_LOG : MANAGE_TRUST;
    }
    this.#item.accessibilityInformation = { label: `${this.#item.text}. ${this.#item.detail ?? ''}` };
  }
}

/**
 * One short line: the item does not wrap, and cuts off what is too long. The log has the whole path, and everything
 * else. Each folder of a workspace may have its own `.venv`, so the folder is named then.
 */
function detailOf({ severity, detail, interpreter, interpreterReason }: Status): string {
  if (!interpreter) return detail;
  const shown = workspace.asRelativePath(interpreter).split(/[/\\]/).slice(-4).join('/');
  if (severity === 'warning' || severity === 'error') return detail.replaceAll(interpreter, shown);
  return interpreterReason ? `${shown}, ${interpreterReason}` : shown;
}

function severityOf({ severity }: Status): LanguageStatusSeverity {
  if (severity === 'error') return LanguageStatusSeverity.Error;
  return severity === 'warning' ? LanguageStatusSeverity.Warning : LanguageStatusSeverity.Information;
}
