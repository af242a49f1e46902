// Pointer and keyboard: what a person does to the picture, as actions of the page.
import { type Actions, handleKey } from './keys';

export function listenTo(picture: SVGSVGElement, actions: Actions): void {
  const isGroup = (id: string): boolean => {
    const place = actions.places?.get(id);
    return place?.parent.level.kinds[place.box.number] === 'g';
  };
  picture.addEventListener('click', ({ target }) => {
    const id = idOf(target);
    if (id === undefined || !(target instanceof Element)) return;
    if (target.closest('.tick')) {
      actions.toggleQuery(id);
      return;
    }
    const segment = target.closest('[data-segment]')?.getAttribute('data-segment');
    actions.select(id, true);
    if (isGroup(id)) actions.toggleOpen(segment ?? id);
  });
  picture.addEventListener('dblclick', ({ target }) => {
    const id = idOf(target);
    if (id !== undefined && !isGroup(id)) actions.act('source', id);
  });
  picture.addEventListener('focusin', ({ target }) => {
    const id = idOf(target);
    // A pressed button moves nothing below the pointer: a click and a menu are of what was pressed.
    if (id && id !== actions.current?.box.id && !picture.matches(':active')) actions.select(id, false);
  });
  picture.addEventListener('contextmenu', ({ target }) => {
    const id = idOf(target);
    if (id) actions.select(id, true);
  });
  addEventListener('keydown', (event) => {
    const { target, key } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLButtonElement) {
      const wanted = (event.ctrlKey || event.metaKey) && key.toLowerCase() === 'f';
      if (!wanted && key !== 'Escape') return;
    }
    if (handleKey(event, actions)) event.preventDefault();
  });
}

/** The box that an event is aimed at. */
function idOf(target: EventTarget | null): string | undefined {
  const element = target instanceof Element ? target.closest('[data-id]') : null;
  return element?.getAttribute('data-id') ?? undefined;
}
