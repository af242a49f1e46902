"""``python -m fxlens`` is ``fxlens``."""

from fxlens.cli.main import main

if __name__ == "__main__":
    main(prog_name="fxlens")
