"""``python -m botalign``: the command line."""

from botalign.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
