#!/usr/bin/env bash
# What the GitHub Action does: install fxlens beside the project's torch if it must, then check, with annotations.
set -euo pipefail
python=${FXLENS_PYTHON:-python}
case ${FXLENS_VERSION:-} in
  installed) ;;
  "") "$python" -m pip install --quiet fxlens ;;
  *) "$python" -m pip install --quiet "fxlens==$FXLENS_VERSION" ;;
esac
read -r -a paths <<<"${FXLENS_PATHS:-.}"
# The option takes a file: a bare name is looked up as the shell does. Unnamed, the Python is found as anywhere else.
named=()
[[ -z ${FXLENS_PYTHON:-} ]] || named=(--python "$(command -v "$FXLENS_PYTHON")")
exec "$python" -m fxlens check --format github ${named[@]+"${named[@]}"} "${paths[@]}"
