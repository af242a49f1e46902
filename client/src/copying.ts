// Rows of the tree as code: a dict of return nodes, or a hook on the module.

/** `{"layer1": "layer1", "layer2": "layer2"}`. */
export function asDict(paths: readonly string[]): string {
  return `{${paths.map((path) => `${JSON.stringify(path)}: ${JSON.stringify(path)}`).join(', ')}}`;
}

/** A forward hook that keeps what the module returns; `model` is the expression that gives the model. */
export function asHook(model: string, path: string): string {
  const owner = /^[A-Za-z_][\w.]*$/.test(model) ? model : 'model';
  const keep = `lambda module, args, output: features.update({${JSON.stringify(path)}: output})`;
  return `features = {}\n${owner}${attributeChain(path)}.register_forward_hook(${keep})\n`;
}

/** `.layer1[0].conv1`; a child whose name is not an identifier by `get_submodule`. */
function attributeChain(path: string): string {
  const parts = path.split('.');
  if (parts.some((part) => !/^(\d+|[A-Za-z_]\w*)$/.test(part))) return `.get_submodule(${JSON.stringify(path)})`;
  return parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
}
