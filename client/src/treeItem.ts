// How one node of the tree looks, sounds and is told apart by the menus.
import {
  l10n,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  TreeItemCheckboxState,
  TreeItemCollapsibleState,
  TreeItem as VSCodeTreeItem,
} from 'vscode';
import type { TreeItem } from './protocol';

const ICONS: Record<TreeItem['kind'], [icon: string, colour: string, spoken: string]> = {
  module: ['symbol-class', 'symbolIcon.classForeground', 'module'],
  leaf: ['symbol-field', 'symbolIcon.fieldForeground', 'leaf module'],
  op: ['symbol-method', 'symbolIcon.methodForeground', 'operation'],
  input: ['symbol-variable', 'symbolIcon.variableForeground', 'input'],
  parameter: ['symbol-constant', 'symbolIcon.constantForeground', 'parameter'],
  group: ['list-flat', 'foreground', 'group of rows'],
};

export interface Look {
  /** Whether the call asks for it; undefined where nothing can be asked. */
  readonly asked: boolean | undefined;
  readonly expanded: boolean;
}

export function treeItemOf(item: TreeItem, { asked, expanded }: Look): VSCodeTreeItem {
  const [icon, colour, spoken] = ICONS[item.kind];
  const open = expanded ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed;
  const collapsible = item.hasChildren ? open : TreeItemCollapsibleState.None;
  const shown = new VSCodeTreeItem(item.label, collapsible);
  // A filter opens what it leaves; VS Code keeps the state of an id, so that needs other ids.
  shown.id = expanded ? `${item.id} (filtered)` : item.id;
  shown.description = item.description;
  shown.tooltip = new MarkdownString(item.tooltip);
  shown.iconPath = new ThemeIcon(icon, new ThemeColor(colour));
  shown.contextValue = contextValue(item);
  if (asked !== undefined && item.path) {
    const tooltip = asked
      ? l10n.t('Remove {0} from the return nodes', item.path)
      : l10n.t('Add {0} to the return nodes', item.path);
    shown.checkboxState = {
      state: asked ? TreeItemCheckboxState.Checked : TreeItemCheckboxState.Unchecked,
      tooltip,
      accessibilityInformation: { label: tooltip },
    };
  }
  // The description of an operation, an input or a parameter begins with that word.
  const kind = item.description.startsWith(spoken) ? '' : spoken;
  shown.accessibilityInformation = { label: [item.label, kind, item.description].filter(Boolean).join(', ') };
  return shown;
}

/** Words that the `when` clauses of package.json look for. */
function contextValue(item: TreeItem): string {
  return [item.path && 'named', item.source && 'located', item.kind].filter(Boolean).join(' ');
}
