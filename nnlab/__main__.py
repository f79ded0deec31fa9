"""`python -m nnlab` and the `nnlab` command."""

import signal
import sys


def main() -> int:
    """Run the command line with this process's arguments."""
    from nnlab.cli import main

    code = main(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: Ctrl+C would only print how Python ends
    return code


if __name__ == "__main__":
    sys.exit(main())
