// The keyboard: everything that a pointer can do.
import type { Place, Places } from './places';

export interface Actions {
  readonly places: Places | undefined;
  readonly current: Place | undefined;
  /** Make a box the current one; `focus` where the keyboard is to follow. */
  select(id: string, focus: boolean): void;
  toggleOpen(id: string): void;
  toggleQuery(id: string): void;
  act(action: 'source' | 'tree' | 'copyName' | 'copyChain', id: string): void;
  follow(direction: 'reads' | 'readBy'): void;
  zoom(factor: number): void;
  home(): void;
  find(): void;
  step(by: number): void;
  back(): void;
}

/** Whether the key was ours. */
export function handleKey(event: KeyboardEvent, actions: Actions): boolean {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key.toLowerCase() === 'f') actions.find();
  else if (event.key === 'F3') actions.step(event.shiftKey ? -1 : 1);
  else if (command && event.key.toLowerCase() === 'c')
    return withCurrent(actions, ({ box }) => actions.act('copyName', box.id));
  else if (command || event.altKey) return false;
  else if (event.key === '+' || event.key === '=') actions.zoom(1.25);
  else if (event.key === '-') actions.zoom(0.8);
  else if (event.key === '0') actions.home();
  else if (event.key === 'Escape') actions.back();
  else return inTree(event, actions);
  return true;
}

function withCurrent(actions: Actions, action: (current: Place) => void): boolean {
  if (!actions.current) return false;
  action(actions.current);
  return true;
}

function inTree(event: KeyboardEvent, actions: Actions): boolean {
  const { places, current } = actions;
  if (!places) return false;
  const { all } = places;
  const go = (place: Place | undefined): void => {
    if (place) actions.select(place.box.id, true);
  };
  const order = current?.order ?? -1;
  const last = all.length - 1;
  const steps: Record<string, number> = { ArrowDown: order + 1, ArrowUp: order - 1, Home: 0, End: last };
  const step = steps[event.key];
  if (step !== undefined) {
    go(all[Math.min(Math.max(step, 0), last)]);
    return true;
  }
  if (!current) return false;
  const { box } = current;
  const group = current.parent.level.kinds[box.number] === 'g';
  switch (event.key) {
    case 'ArrowRight':
      if (box.inside) go(all[order + 1]);
      else if (group) actions.toggleOpen(box.id);
      else go(beside(places, current, 1));
      return true;
    case 'ArrowLeft':
      if (box.inside) actions.toggleOpen(box.id);
      else go(beside(places, current, -1) ?? current.above);
      return true;
    case 'Enter':
      if (group) actions.toggleOpen(box.id);
      else actions.act('tree', box.id);
      return true;
    case ' ':
      actions.toggleQuery(box.id);
      return true;
    case 'F12':
      actions.act('source', box.id);
      return true;
    case 'i':
      actions.follow('reads');
      return true;
    case 'o':
      actions.follow('readBy');
      return true;
    default:
      return false;
  }
}

/** The sibling in the branch at one side, nearest in height. */
function beside(places: Places, { parent, box }: Place, side: 1 | -1): Place | undefined {
  const middle = box.x + box.port;
  let best: { id: string; distance: number } | undefined;
  for (const other of parent.boxes) {
    const away = (other.x + other.port - middle) * side;
    if (away < 40 || other.y > box.y + box.h + 60 || other.y + other.h < box.y - 60) continue;
    const distance = away + 4 * Math.abs(other.y - box.y);
    if (!best || distance < best.distance) best = { id: other.id, distance };
  }
  return best && places.get(best.id);
}
