"""Reads the arguments, runs one command, turns every error into one line and an exit code."""

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from nnlab import __version__
from nnlab.cli import output
from nnlab.errors import BuildError, DataError, NNLabError, ShapeError

DONE, FAILED, REFUSED = 0, 1, 2
FORMS = ("python", "notebook", "keras", "onnx", "pt2", "safetensors")  # a test holds them to the registry

Command = Callable[[argparse.Namespace], int]


class Usage(Exception):
    """The command was not understood."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        """Raise Usage instead of ending the process."""
        raise Usage(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 mistakes in the project or goal not met, 2 refused."""
    output.prepare()
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        output.flush()
    except output.Stopped:
        output.silence()
        return DONE
    except Usage as problem:
        output.complain(str(problem))
        return REFUSED
    except (BuildError, DataError, ShapeError) as problem:
        output.complain(str(problem))
        return FAILED
    except NNLabError as problem:
        output.complain(str(problem))
        return REFUSED
    except KeyboardInterrupt:
        output.complain("stopped")
        return FAILED
    except OSError as problem:
        output.complain(f"the output could not be written: {(problem.strerror or 'unknown reason').lower()}")
        output.silence()
        return REFUSED
    return code


def _run(argv: list[str]) -> int:
    parser = _parser()
    commands = _COMMANDS
    first = argv[0] if argv else ""
    if first in ("-h", "--help", "help"):
        output.say(parser.format_help().rstrip())
        return DONE
    if first == "--version":
        output.say(f"nnlab {__version__}")
        return DONE
    if first in commands:
        return _dispatch(parser, argv)
    return _window(argv)


def _dispatch(parser: argparse.ArgumentParser, argv: list[str]) -> int:
    try:
        given = parser.parse_args(argv)
    except SystemExit as end:  # argparse has printed the help that was asked for
        return int(end.code or 0)
    command: Command = given.command
    return command(given)


def _window(argv: list[str]) -> int:
    """`nnlab [FILE]`: anything that is neither a file nor a command is a slip of the fingers."""
    parser = Parser(prog="nnlab", add_help=False)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--data-dir")
    first = argv[0] if argv else ""
    if first and not first.startswith("-") and not os.path.lexists(first) and not first.endswith(".nnlab"):
        near = difflib.get_close_matches(first, _COMMANDS, n=1)
        hint = f"did you mean nnlab {near[0]}?" if near else "see nnlab --help"
        raise Usage(f"there is no command or file called {first!r}: {hint}")
    parser.parse_args(argv)
    from nnlab.ui import app

    return app.run(argv)


# -------------------------------------------------------------------- the commands and their options


def _parser() -> Parser:
    parser = Parser(
        prog="nnlab",
        description="A lab for neural networks. Without a command, opens the window: nnlab [FILE]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="FILE is a project (.nnlab), or the name of an example or a template if there is no such file.\n"
        "Exit codes: 0 done, 1 the project has mistakes or missed its goal, 2 refused.",
    )
    parser.add_argument("--version", action="version", version=f"nnlab {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for name, add in _COMMANDS.items():
        add(name, commands)
    return parser


def _list(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help=f"list the {'data sets' if name == 'datasets' else name}")
    parser.add_argument("--json", action="store_true", help="everything about them, as JSON")

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import lists

        return lists.show(name, given.json)

    parser.set_defaults(command=command)


def _new(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="write the project of an example or a template")
    parser.add_argument("example", metavar="NAME", help="its name, as in nnlab examples or nnlab templates")
    parser.add_argument("-o", dest="out", metavar="FILE", required=True, help="the file to write")
    parser.add_argument("--force", action="store_true", help="replace the file if there is one")

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import projects

        return projects.new(given.example, given.out, given.force)

    parser.set_defaults(command=command)


def _check(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="mistakes with their fixes; shapes, parameters, FLOPs per layer")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="the same as JSON")

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import checking

        return checking.check(given.file, given.json)

    parser.set_defaults(command=command)


def _train(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="train without a window; Ctrl+C saves and stops")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("-o", dest="out", metavar="OUT", help="the project file to write, with the learned weights")
    parser.add_argument("--epochs", type=_whole, metavar="N", help="how many epochs, instead of the project's")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda or mps")
    parser.add_argument("--seed", type=_whole, metavar="N", help="the seed, instead of the project's")
    parser.add_argument("--weights", metavar="PATH", help="begin with these learned weights: .safetensors, .pt or .pth")
    parser.add_argument("--jsonl", action="store_true", help="one JSON object a line")

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import training

        return training.train(given.file, given.out, given.epochs, given.device, given.seed, given.jsonl, given.weights)

    parser.set_defaults(command=command)


def _dice(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="train many seeds side by side: how many of them solve it?")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--seeds", type=_whole, default=64, metavar="N", help="how many, from the project's own on (64)"
    )
    parser.add_argument("--epochs", type=_whole, metavar="N", help="how many epochs, instead of the project's")
    parser.add_argument("--solved", type=_share, metavar="X", help="solved is an accuracy (or R²) of this: 0.95 (0.9)")
    parser.add_argument("-o", dest="out", metavar="OUT", help="the project file to write, with the best seed's weights")
    parser.add_argument("--json", action="store_true", help="every seed's figures as JSON")

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import dice

        return dice.dice(given.file, given.seeds, given.epochs, given.solved, given.out, given.json)

    parser.set_defaults(command=command)


def _eval(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="loss and accuracy (or R²) of a trained project")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--data", metavar="PATH", help="inputs and right answers: a CSV file, .npz, or a folder of .png for each class"
    )
    parser.add_argument("--json", action="store_true", help="the same as JSON")

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import answers

        return answers.evaluate(given.file, given.data, given.json)

    parser.set_defaults(command=command)


def _predict(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="the answers of a trained project")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--data", metavar="PATH", required=True, help="inputs: a CSV file, .npz, .npy, or a folder of .png"
    )
    parser.add_argument(
        "-o", dest="out", metavar="OUT", help="the file to write: CSV, .npz or .npy (CSV on stdout without it)"
    )

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import answers

        return answers.predict(given.file, given.data, given.out)

    parser.set_defaults(command=command)


def _export(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="take the model away")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--to",
        choices=FORMS,
        help="code, code for Keras, or a file for other programs; else the ending of PATH says it",
    )
    parser.add_argument("-o", dest="out", metavar="PATH", required=True)

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import projects

        return projects.export(given.file, given.to, given.out)

    parser.set_defaults(command=command)


def _import(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="turn a model in an .onnx or .pt2 file into a project")
    parser.add_argument("file", metavar="MODEL")
    parser.add_argument("-o", dest="out", metavar="OUT", required=True, help="the project file to write")
    parser.add_argument("--force", action="store_true", help="replace the file if there is one")

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import projects

        return projects.bring(given.file, given.out, given.force)

    parser.set_defaults(command=command)


def _picture(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="the diagram, or a panel, as a picture; needs no screen")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--panel", metavar="NAME", help="a panel instead of the diagram: loss, boundary, ...")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", type=_size, metavar="WxH", help="in pixels")
    parser.add_argument("-o", dest="out", metavar="PATH", required=True, help="a name ending in .svg, .png or .pdf")

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import picture

        return picture.draw(given.file, given.panel, given.theme, given.size, given.out)

    parser.set_defaults(command=command)


def _bench(name: str, commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(name, help="how fast NNLab is on this machine, beside hand-written loops")
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="what to measure, as in nnlab bench --list (all without)"
    )
    parser.add_argument("--list", action="store_true", help="what is measured, how, and the bars")
    parser.add_argument("--quick", action="store_true", help="one to two minutes instead of five, and less exact")
    parser.add_argument(
        "--clock", choices=("auto", "cpu", "wall"), default="auto", help="cpu where others load the machine"
    )
    parser.add_argument("--threads", metavar="N,...", default="1,all", help="torch threads to try; the best are taken")
    parser.add_argument("--json", dest="out", metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--check", action="store_true", help="exit code 1 if a bar is missed")
    parser.add_argument("--part", help=argparse.SUPPRESS)

    def command(given: argparse.Namespace) -> int:
        from nnlab.cli import bench

        if given.part:
            return bench.part(given.part, given.names)
        if given.list:
            return bench.show_list()
        return bench.bench(given.names, given.quick, given.clock, given.threads, given.out, given.check)

    parser.set_defaults(command=command)


def _whole(text: str) -> int:
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def _size(text: str) -> tuple[int, int]:
    wide, _, high = text.lower().partition("x")
    if not (wide.isascii() and high.isascii() and wide.isdigit() and high.isdigit() and len(text) < 20):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 800x600")
    if not (16 <= int(wide) <= 8192 and 16 <= int(high) <= 8192):
        raise argparse.ArgumentTypeError("a picture is from 16 to 8192 pixels wide and high")
    return int(wide), int(high)


_COMMANDS: dict[str, Callable[[str, "argparse._SubParsersAction[Parser]"], None]] = {
    "examples": _list,
    "templates": _list,
    "layers": _list,
    "datasets": _list,
    "lessons": _list,
    "new": _new,
    "check": _check,
    "train": _train,
    "dice": _dice,
    "eval": _eval,
    "predict": _predict,
    "export": _export,
    "import": _import,
    "picture": _picture,
    "bench": _bench,
}
