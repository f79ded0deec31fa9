"""`python -m nnlab` and the `nnlab` command."""

import sys


def main() -> int:
    """Run the command line with this process's arguments."""
    from nnlab.cli import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
