// The two extensions that may know the environment chosen in VS Code. Both optional, neither trusted to answer.
import { type Disposable, type Event, EventEmitter, extensions, Uri, workspace } from 'vscode';
import type { EnvironmentProvider } from './resolve';

// The parts of their interfaces that we use; described here so that we depend on neither.
interface EnvironmentsApi {
  getEnvironment(
    scope: Uri | undefined,
  ): Promise<
    { readonly execInfo?: { readonly run?: { readonly executable?: string } }; readonly error?: string } | undefined
  >;
  readonly onDidChangeEnvironment: Event<unknown>;
}

interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(scope: Uri | undefined): { readonly path: string };
    resolveEnvironment(path: {
      readonly path: string;
    }): Promise<{ readonly executable: { readonly uri?: Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath: Event<unknown>;
  };
}

export interface VSCodeProviders extends Disposable {
  readonly list: readonly EnvironmentProvider[];
  /** Something may have changed; said too often rather than too rarely. */
  readonly onDidChange: Event<void>;
}

export function vscodeProviders(): VSCodeProviders {
  const changed = new EventEmitter<void>();
  const disposables: Disposable[] = [changed, extensions.onDidChange(() => changed.fire())];
  const subscribed = new Set<string>();
  const subscribe = (name: string, event: Event<unknown>): void => {
    if (subscribed.has(name)) return;
    subscribed.add(name);
    disposables.push(event(() => changed.fire()));
  };

  const environments: EnvironmentProvider = {
    name: 'Python Environments',
    async environment(folder) {
      // It exports nothing while `python.useEnvironmentsExtension` is off.
      const api = await exportsOf<Partial<EnvironmentsApi>>('ms-python.vscode-python-envs');
      if (!api?.getEnvironment || !api.onDidChangeEnvironment) return undefined;
      subscribe(this.name, api.onDidChangeEnvironment);
      const found = await api.getEnvironment(folder === undefined ? undefined : Uri.file(folder));
      return found?.error ? undefined : found?.execInfo?.run?.executable;
    },
  };

  const python: EnvironmentProvider = {
    name: 'the Python extension',
    async environment(folder) {
      const api = await exportsOf<Partial<PythonApi>>('ms-python.python');
      if (!api?.environments) return undefined;
      subscribe(this.name, api.environments.onDidChangeActiveEnvironmentPath);
      const active = api.environments.getActiveEnvironmentPath(folder === undefined ? undefined : Uri.file(folder));
      const resolved = await api.environments.resolveEnvironment(active);
      return resolved?.executable.uri?.fsPath;
    },
  };

  return {
    list: [environments, python],
    onDidChange: changed.event,
    dispose: () => {
      for (const disposable of disposables) disposable.dispose();
    },
  };
}

async function exportsOf<T>(id: string): Promise<T | undefined> {
  const extension = extensions.getExtension<T>(id);
  return extension && (extension.isActive ? extension.exports : await extension.activate());
}

/** `python.defaultInterpreterPath` for a folder; it exists only where someone set it or the Python extension is. */
export function pythonDefault(folder: string | undefined): string | undefined {
  const scope = folder === undefined ? undefined : Uri.file(folder);
  return workspace.getConfiguration('python', scope).get<string>('defaultInterpreterPath');
}
