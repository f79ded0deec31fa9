"""Formulas that a user types, as "a + sin(a) ** 2": read by a grammar of its own, never run as they stand.

Python's parser makes a tree of the text; every branch of it must be one of those that are known here. Numbers that
depend on no input are worked out at once, with limits; the rest becomes torch code, a shape, or a number.
"""

import ast
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nnlab.core.layer import MISSING, Shape, shape_text
from nnlab.errors import ShapeError

INPUTS = ("a", "b", "c", "d")
TEXT_LIMIT = 400  # characters
DEPTH_LIMIT = 24  # brackets and operations within each other
PARTS_LIMIT = 120  # numbers, names, operations and functions
NUMBER_LIMIT = 1e9

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda x, y: x + y,
    ast.Sub: lambda x, y: x - y,
    ast.Mult: lambda x, y: x * y,
    ast.Div: lambda x, y: x / y,
    ast.Pow: lambda x, y: x**y,
}
COMPARED: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: lambda x, y: x < y,
    ast.LtE: lambda x, y: x <= y,
    ast.Gt: lambda x, y: x > y,
    ast.GtE: lambda x, y: x >= y,
    ast.Eq: lambda x, y: x == y,
    ast.NotEq: lambda x, y: x != y,
}


@dataclass(frozen=True)
class Function:
    """One function that may be used."""

    compute: Callable[..., float]
    """On numbers, of Python's width."""
    code: str
    """As torch code of its arguments."""
    takes: int = 1


FUNCTIONS: dict[str, Function] = {
    "sin": Function(math.sin, "torch.sin({0})"),
    "cos": Function(math.cos, "torch.cos({0})"),
    "tanh": Function(math.tanh, "torch.tanh({0})"),
    "exp": Function(math.exp, "torch.exp({0})"),
    "log": Function(math.log, "torch.log({0})"),
    "sqrt": Function(math.sqrt, "torch.sqrt({0})"),
    "abs": Function(abs, "torch.abs({0})"),
    "sigmoid": Function(lambda x: 0.5 * (1 + math.tanh(x / 2)), "torch.sigmoid({0})"),
    "relu": Function(lambda x: max(x, 0.0), "torch.relu({0})"),
    "softplus": Function(lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))), "F.softplus({0})"),
    "maximum": Function(max, "torch.maximum({0}, {1})", 2),
    "minimum": Function(min, "torch.minimum({0}, {1})", 2),
    "clamp": Function(lambda x, low, high: min(max(x, low), high), "torch.clamp({0}, {1}, {2})", 3),
    "where": Function(lambda yes, x, y: x if yes else y, "torch.where({0}, {1}, {2})", 3),
    "mean": Function(lambda x: x, "torch.mean({0}, -1, keepdim=True)"),
    "sum": Function(lambda x: x, "torch.sum({0}, -1, keepdim=True)"),
}
OVER_LAST = ("mean", "sum")
"""Functions of all numbers of the last axis, of which one is left."""
ENDS = {"maximum": "min", "minimum": "max"}
"""The end of torch.clamp that does the same with a fixed number."""


@dataclass(frozen=True)
class Expression:
    """A text that was read and found good."""

    tree: ast.expr
    uses: tuple[str, ...]
    """The inputs that it names, in their order."""

    def output_shape(self, shapes: Mapping[str, Shape]) -> Shape:
        """The shape it makes of these inputs; ShapeError if they do not fit each other."""
        return _shape(self.tree, shapes)

    def code(self) -> str:
        """As torch code, with {0} to {3} for the inputs."""
        text = ast.unparse(
            ast.fix_missing_locations(_Code().visit(ast.parse(ast.unparse(self.tree), mode="eval").body))
        )
        for k, name in enumerate(INPUTS):
            text = text.replace(_place(name), f"{{{k}}}")
        return text

    @property
    def operations(self) -> int:
        """How many operations and functions there are."""
        return sum(isinstance(part, ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare) for part in ast.walk(self.tree))

    @property
    def is_by_number(self) -> bool:
        """Whether each number is computed by itself."""
        return not any(_called(part) in OVER_LAST for part in ast.walk(self.tree))

    def at(self, numbers: Mapping[str, float]) -> float:
        """Its value for one number at each input; no number where there is none."""
        try:
            found = _value(self.tree, numbers)
        except (ArithmeticError, ValueError, TypeError):
            return math.nan
        return found if isinstance(found, float | int) else math.nan

    def with_numbers(self, texts: Mapping[str, str]) -> str:
        """The text with these in place of the inputs."""
        found = ast.unparse(self.tree)
        return "".join(texts.get(part, part) for part in _parts(found))


@lru_cache(maxsize=256)
def read(text: str) -> Expression:
    """The expression that was typed; ShapeError with a sentence that points at what is wrong."""
    if len(text) > TEXT_LIMIT:
        raise ShapeError(f"has an expression of more than {TEXT_LIMIT} characters: make it shorter, or use two layers")
    if not text.strip():
        raise ShapeError("has no expression: type one, such as a * sigmoid(b)")
    tree = _Reader(text).tree()
    uses = tuple(name for name in INPUTS if any(isinstance(p, ast.Name) and p.id == name for p in ast.walk(tree)))
    if not uses:
        raise ShapeError("gives the same number whatever comes in: use a, or b, c and d, in its expression")
    return Expression(tree, uses)


def of_wires(text: str, shapes: Sequence[Shape]) -> tuple[Expression, dict[str, Shape]]:
    """The expression with the shape of each input that it names; ShapeError where wires and names do not go together."""
    found = read(text)
    given = {name: shape for name, shape in zip(INPUTS, shapes, strict=False) if shape != MISSING}
    for name in found.uses:
        if name not in given:
            raise ShapeError(f"needs another wire, at {name}, which its expression uses")
    for name in given:
        if name not in found.uses:
            raise ShapeError(f"gets a wire at {name}, which its expression does not use: use it, or take the wire away")
    return found, given


class _Reader:
    """Turns a text into a tree of known parts alone."""

    def __init__(self, text: str) -> None:
        self._text = " ".join(text.split())

    def tree(self) -> ast.expr:
        """The tree, its numbers worked out; ShapeError."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = ast.parse(self._text, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as problem:
            raise self._unreadable(problem) from None
        if sum(isinstance(part, ast.expr) for part in ast.walk(found)) > PARTS_LIMIT:
            raise ShapeError(f"has an expression of more than {PARTS_LIMIT} parts: use two layers")
        tree = self._known(found, 0)
        if isinstance(tree, ast.Compare):
            raise self._wrong(found, "answers yes or no, which is no number: put it into where(…, 1, 0)")
        return tree

    def _unreadable(self, problem: BaseException) -> ShapeError:
        at = getattr(problem, "offset", None)
        where = f" at “{self._text[at - 1 : at + 11]}”" if isinstance(at, int) and 0 < at <= len(self._text) else ""
        return ShapeError(f"cannot read its expression{where}: write it as in a * sigmoid(b) + 0.5")

    def _wrong(self, part: ast.AST, why: str) -> ShapeError:
        start, end = getattr(part, "col_offset", 0), getattr(part, "end_col_offset", 0)
        raw = self._text.encode()[start:end].decode(errors="ignore")  # columns count bytes
        shown = raw if len(raw) <= 24 else raw[:23] + "…"
        return ShapeError(f"has “{shown}” in its expression, which {why}")

    # ---------------------------------------------------------------- parts

    def _known(self, part: ast.expr, depth: int) -> ast.expr:
        """The same part, made anew of what is allowed."""
        if depth > DEPTH_LIMIT:
            raise ShapeError(f"has an expression nested more than {DEPTH_LIMIT} deep: use two layers")
        made = self._made(part, depth + 1)
        if isinstance(made, ast.Constant) or any(isinstance(p, ast.Name) and p.id in INPUTS for p in ast.walk(made)):
            return made
        return self._worked_out(part, made)

    def _made(self, part: ast.expr, depth: int) -> ast.expr:
        match part:
            case ast.Constant():
                return self._number(part)
            case ast.Name():
                return self._name(part)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
                inner = self._numeric(operand, depth)
                return ast.UnaryOp(ast.USub(), inner) if isinstance(op, ast.USub) else inner
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return self._operation(part, ast.BinOp(self._numeric(left, depth), op, self._numeric(right, depth)))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARED:
                return ast.Compare(self._numeric(left, depth), [op], [self._numeric(right, depth)])
            case ast.Call():
                return self._call(part, depth)
            case _:
                raise self._wrong(part, "is not known here: use numbers, a to d, + - * / **, and functions such as sin")

    def _numeric(self, part: ast.expr, depth: int) -> ast.expr:
        found = self._known(part, depth)
        if isinstance(found, ast.Compare):
            raise self._wrong(part, "answers yes or no, which is no number: put it into where(…, 1, 0)")
        return found

    def _number(self, part: ast.Constant) -> ast.expr:
        value = part.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(part, "is no number")
        if not abs(value) <= NUMBER_LIMIT:
            raise self._wrong(part, "is too large a number: a thousand million is the most")
        return _constant(value)

    def _name(self, part: ast.Name) -> ast.expr:
        if part.id == "pi":
            return _constant(math.pi)
        if part.id in INPUTS:
            return ast.Name(part.id)
        why = (
            "needs brackets after it, as in sin(a)"
            if part.id in FUNCTIONS
            else "is no name of an input: these are a, b, c, d"
        )
        raise self._wrong(part, why)

    def _operation(self, part: ast.expr, made: ast.BinOp) -> ast.expr:
        if isinstance(made.op, ast.Div) and _constant_of(made.right) == 0:
            raise self._wrong(part, "divides by 0")
        return made

    def _call(self, part: ast.Call, depth: int) -> ast.expr:
        name = part.func.id if isinstance(part.func, ast.Name) else ""
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._wrong(part, f"is no function that is known here: there are {', '.join(FUNCTIONS)}")
        if part.keywords or len(part.args) != function.takes:
            many = {1: "one input", 2: "two inputs", 3: "three inputs"}[function.takes]
            raise self._wrong(part, f"has not what {name} takes: {many} in brackets, with commas between them")
        args = [self._known(each, depth) for each in part.args]
        for k, (each, given) in enumerate(zip(args, part.args, strict=True)):
            wanted = name == "where" and k == 0
            if isinstance(each, ast.Compare) != wanted and not (wanted and isinstance(each, ast.Constant)):
                raise self._wrong(
                    given, "must be a comparison here, as a > 0" if wanted else "answers yes or no, which is no number"
                )
        if name == "clamp":
            self._check_clamp(part, args)
        if name == "where":
            return _chosen(args)
        return ast.Call(ast.Name(name), args, [])

    def _check_clamp(self, part: ast.Call, args: list[ast.expr]) -> None:
        low, high = (_constant_of(each) for each in args[1:])
        if low is None or high is None or low > high:
            raise self._wrong(part, "has not what clamp takes: what to clamp, the lowest and the highest number")

    def _worked_out(self, part: ast.expr, made: ast.expr) -> ast.expr:
        """A part without inputs as the number that it is."""
        try:
            value = _value(made, {})
        except (ArithmeticError, ValueError):
            raise self._wrong(part, "is no number that can be worked out") from None
        if isinstance(value, complex) or not abs(value) <= NUMBER_LIMIT:
            raise self._wrong(part, "is no number that can be worked out")
        return ast.Constant(value) if isinstance(value, bool) else _constant(value)


def _chosen(args: list[ast.expr]) -> ast.expr:
    """What where() picks; torch would take two whole numbers for whole numbers, so they are written as decimals."""
    condition, *both = args
    if isinstance(condition, ast.Constant):
        return both[0] if condition.value else both[1]
    numbers = [_constant_of(each) for each in both]
    return ast.Call(
        ast.Name("where"),
        [condition, *(each if n is None else _constant(float(n)) for each, n in zip(both, numbers, strict=True))],
        [],
    )


def _constant(value: float) -> ast.expr:
    """A number; one below 0 keeps its sign apart, so that a power of it is written with brackets."""
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def _constant_of(part: ast.expr) -> float | None:
    match part:
        case ast.Constant(value=bool() | int() | float() as value):
            return value
        case ast.UnaryOp(operand=ast.Constant(value=int() | float() as value)):
            return -value
        case _:
            return None


def _called(part: ast.AST) -> str:
    return part.func.id if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) else ""


def _value(part: ast.expr, numbers: Mapping[str, float]) -> float:
    """What a tree of known parts is for these numbers; powers of whole numbers are those of decimals, so they end."""
    match part:
        case ast.Constant(value=bool() | int() | float() as value):
            return value
        case ast.Name(id=name):
            return numbers[name]
        case ast.UnaryOp(operand=operand):
            return -_value(operand, numbers)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](float(_value(left, numbers)), float(_value(right, numbers)))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return COMPARED[type(op)](_value(left, numbers), _value(right, numbers))
        case ast.Call(args=args):
            return FUNCTIONS[_called(part)].compute(*(_value(each, numbers) for each in args))
    raise ValueError(part)


def _shape(part: ast.expr, shapes: Mapping[str, Shape]) -> Shape:
    """What a part has at each sample; a number alone has one for all, which is an empty shape."""
    if isinstance(part, ast.Name):
        return shapes[part.id]
    if _called(part) in OVER_LAST and isinstance(part, ast.Call):
        inner = _shape(part.args[0], shapes)
        if not inner:
            raise ShapeError(
                f"has {_called(part)}(…) over the last axis, and gets one number for each sample: leave it out"
            )
        return (*inner[:-1], 1)
    found: Shape | None = None
    for each in ast.iter_child_nodes(part):
        if isinstance(each, ast.expr) and _constant_of(each) is None and each is not getattr(part, "func", None):
            shape = _shape(each, shapes)
            found = shape if found is None else _together(found, shape)
    assert found is not None  # a part without inputs is a number, and was worked out
    return found


def _together(first: Shape, second: Shape) -> Shape:
    """The shape of two that are computed number by number; an axis of size 1 is repeated."""
    if len(first) != len(second) or any(m != n and 1 not in (m, n) for m, n in zip(first, second, strict=True)):
        raise ShapeError(
            f"cannot compute {shape_text(first)} with {shape_text(second)} number by number: make the sizes equal, "
            "for instance with a Linear or a Reshape before one of them"
        )
    return tuple(n if m == 1 else m for m, n in zip(first, second, strict=True))


def _place(name: str) -> str:
    return f"input_{name}_"


def _parts(text: str) -> list[str]:
    """The text in words and what lies between them."""
    return re.split(r"\b([a-d])\b", text)


class _Code(ast.NodeTransformer):
    """Names and functions as torch code has them."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """An input."""
        return ast.Name(_place(node.id))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A function of torch."""
        name, fixed = _called(node), [_constant_of(each) is not None for each in node.args]
        args = [self.visit(each) for each in node.args]
        if name in ENDS and any(fixed):
            end = ast.keyword(ENDS[name], args[fixed.index(True)])
            return _of("torch", "clamp", [args[fixed.index(False)]], [end])
        target, _, rest = FUNCTIONS[name].code.partition(".")
        if name in OVER_LAST:
            minus = ast.UnaryOp(ast.USub(), ast.Constant(1))
            return _of("torch", name, [*args, minus], [ast.keyword("keepdim", ast.Constant(True))])
        return _of(target, rest.partition("(")[0], args, [])


def _of(module: str, function: str, args: list[ast.expr], keywords: list[ast.keyword]) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name(module), function), args, keywords)
