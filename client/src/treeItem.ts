// How one node of the tree looks, sounds and is told apart by the menus.
import { MarkdownString, ThemeColor, ThemeIcon, TreeItemCollapsibleState, TreeItem as VSCodeTreeItem } from 'vscode';
import type { TreeItem } from './protocol';

const ICONS: Record<TreeItem['kind'], [icon: string, colour: string, spoken: string]> = {
  module: ['symbol-class', 'symbolIcon.classForeground', 'module'],
  leaf: ['symbol-field', 'symbolIcon.fieldForeground', 'leaf module'],
  op: ['symbol-method', 'symbolIcon.methodForeground', 'operation'],
  input: ['symbol-variable', 'symbolIcon.variableForeground', 'input'],
  parameter: ['symbol-constant', 'symbolIcon.constantForeground', 'parameter'],
  group: ['list-flat', 'foreground', 'group of rows'],
};

export function treeItemOf(item: TreeItem): VSCodeTreeItem {
  const [icon, colour, spoken] = ICONS[item.kind];
  const collapsible = item.hasChildren ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.None;
  const shown = new VSCodeTreeItem(item.label, collapsible);
  shown.id = item.id;
  shown.description = item.description;
  shown.tooltip = new MarkdownString(item.tooltip);
  shown.iconPath = new ThemeIcon(icon, new ThemeColor(colour));
  shown.contextValue = contextValue(item);
  shown.accessibilityInformation = { label: [item.label, spoken, item.description].filter(Boolean).join(', ') };
  return shown;
}

/** Words that the `when` clauses of package.json look for. */
function contextValue(item: TreeItem): string {
  return [item.path && 'named', item.source && 'located', item.kind].filter(Boolean).join(' ');
}
