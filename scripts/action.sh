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
exec "$python" -m fxlens check --format github --python "$python" "${paths[@]}"
