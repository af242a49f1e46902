// Folders that tests open: copies, because tests edit them and must find them as they are.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { ROOT, VENV_PYTHON } from '../../../scripts/lib/paths.mjs';

const CELLS = [
  [
    'from torch import nn',
    'from torchvision.models.feature_extraction import create_feature_extractor',
    '',
    'class Net(nn.Module):',
    '    def __init__(self):',
    '        super().__init__()',
    '        self.stem = nn.Conv2d(3, 8, 3)',
    '',
    '    def forward(self, x):',
    '        return self.stem(x).relu()',
  ],
  ['create_feature_extractor(Net(), ["stem", "reluu"])'],
];
/** A notebook whose model is a class of a cell. */
export const NET = JSON.stringify({
  cells: CELLS.map((lines) => ({
    cell_type: 'code',
    execution_count: null,
    metadata: {},
    outputs: [],
    source: lines.join('\n'),
  })),
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 4,
});

export class Workspace {
  private constructor(
    readonly root: string,
    readonly folder: string,
    private readonly sample: string,
    /** What the folder holds beside the sample's files. */
    private readonly files: Record<string, string>,
  ) {}

  /** A copy of `tests/workspaces/<name>`, with `files` beside. */
  static copyOf(name: string, files: Record<string, string> = {}): Workspace {
    // A space and an umlaut: paths of real people have them.
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'fxlens e2e ü-')));
    const folder = join(root, name);
    const workspace = new Workspace(root, folder, join(ROOT, 'tests', 'workspaces', name), files);
    workspace.restore();
    return workspace;
  }

  /** Make the folder hold what it held at first. */
  restore(): void {
    const wanted = new Map(filesOf(this.sample).map((file) => [file, readFileSync(join(this.sample, file), 'utf8')]));
    for (const [file, text] of Object.entries(this.files)) wanted.set(file, text);
    if (existsSync(this.folder))
      for (const file of filesOf(this.folder)) if (!wanted.has(file)) rmSync(join(this.folder, file));
    for (const [file, text] of wanted)
      if (!existsSync(join(this.folder, file)) || this.read(file) !== text) this.write(file, text);
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  write(file: string, text: string): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** The position (line and column from 1) of the first `text` in a file on disk, `offset` characters into it. */
  find(file: string, text: string, offset = text.length): { line: number; column: number } {
    const content = this.read(file);
    const at = content.indexOf(text);
    if (at < 0) throw new Error(`${JSON.stringify(text)} does not stand in ${file}`);
    const before = content.slice(0, at + offset).split('\n');
    return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The files below a folder, as paths from there; what Python compiles is none of them. */
function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((path) => !path.includes('__pycache__')).map((path) => relative(folder, path));
}

/**
 * Lay a trap: a `.venv` in the workspace whose Python leaves a trace of every start, then does what it was asked.
 * @returns what was run so far
 */
export function trapInterpreter(workspace: Workspace): () => string {
  const trace = join(workspace.root, 'canary');
  for (const name of ['python', 'python3']) {
    workspace.write(`.venv/bin/${name}`, `#!/bin/sh\necho "$*" >> '${trace}'\nexec '${VENV_PYTHON}' "$@"\n`);
    chmodSync(join(workspace.folder, '.venv', 'bin', name), 0o755);
  }
  return () => (existsSync(trace) ? readFileSync(trace, 'utf8') : '');
}
