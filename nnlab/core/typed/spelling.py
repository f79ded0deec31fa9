"""How layers and their settings may be spelled when they are typed: ids, titles, short names, k3, bias=no."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from nnlab.core.layer import LAYERS, Layer
from nnlab.core.param import Param
from nnlab.errors import NNLabError, SettingError

SHORT = {
    "attn": "MultiheadAttention",
    "attention": "MultiheadAttention",
    "mha": "MultiheadAttention",
    "avgpool": "AvgPool",
    "bn": "BatchNorm",
    "cat": "Concat",
    "concat": "Concat",
    "convolution": "Conv",
    "deconv": "ConvTranspose",
    "dense": "Linear",
    "drop": "Dropout",
    "embed": "Embedding",
    "encoder": "TransformerEncoderLayer",
    "fc": "Linear",
    "flat": "Flatten",
    "gap": "GlobalAvgPool",
    "gn": "GroupNorm",
    "last": "LastStep",
    "ln": "LayerNorm",
    "lrelu": "LeakyReLU",
    "mul": "Multiply",
    "norm": "BatchNorm",
    "pool": "MaxPool",
    "posenc": "PositionalEncoding",
    "skip": "Add",
    "sub": "Subtract",
    "up": "Upsample",
}
"""Short names that neither an id nor a title gives; the value is an id, or what ids of several dimensions share."""

LETTERS = {"h": ("num_heads", "nhead", "heads", "hidden_size"), "l": ("num_layers",), "n": ("num_layers",)}
"""Letters before a number whose setting does not begin with them."""

TYPED = ("int", "float", "bool", "choice", "text", "size")  # kinds of settings that can be typed
NUMBER = re.compile(r"[+\-−]?(?:[0-9]{1,15}(?:\.[0-9]{0,25})?|\.[0-9]{1,25})(?:e[+\-]?[0-9]{1,3})?")
SIZES = re.compile(r"[+\-−]?[0-9]{1,9}(?:[x×][+\-−]?[0-9]{1,9})+")
LETTERED = re.compile(r"([a-z]{1,4})([+\-−]?[0-9.].*)")
DIMENSION = re.compile(r"([123])d(?=$|With|Cell)")
YES, NO = ("yes", "true", "on"), ("no", "false", "off")


def plain(text: str) -> str:
    """A name as it is compared: small letters and digits alone."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def names() -> Mapping[str, tuple[str, ...]]:
    """What may be typed for a layer -> the ids it can mean, which differ in the dimension of their data alone."""
    return _names(tuple(LAYERS))


@lru_cache(maxsize=4)
def _names(known: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    families: dict[str, list[str]] = {}
    for id_ in known:
        families.setdefault(family(id_), []).append(id_)
    found: dict[str, tuple[str, ...]] = {}
    for id_ in known:
        group = tuple(sorted(families[family(id_)], key=_usual_first))
        title = re.sub(r"\s*\([^()]*\)$", "", LAYERS[id_].title)
        for name in (title, re.sub(r"\s[123]-D\b", "", title)):
            found.setdefault(plain(name), group if plain(name) == plain(family(id_)) or name != title else (id_,))
        found.setdefault(plain(family(id_)), group)
    found |= {plain(id_): (id_,) for id_ in known}
    for short, name in SHORT.items():
        if plain(name) in found and plain(short) not in {plain(id_) for id_ in known}:
            found[plain(short)] = found[plain(name)]
    return found


def family(id_: str) -> str:
    """An id without its dimension: Conv of Conv2d."""
    return DIMENSION.sub("", id_)


def dimension(id_: str) -> int:
    """For how many axes beside the channels this layer is made; 0 if that is not its matter."""
    match = DIMENSION.search(id_)
    return int(match[1]) if match else 0


def _usual_first(id_: str) -> tuple[bool, str]:
    return dimension(id_) != 2, id_


def nearest(word: str) -> str:
    """A name that looks like this word, as it would be typed; empty if none does."""
    spelled = [*SHORT, *(family(id_).lower() for id_ in LAYERS), *(kind.title.lower() for kind in LAYERS.values())]
    near = difflib.get_close_matches(word.lower()[:60], [s for s in spelled if plain(s) in names()], n=1, cutoff=0.55)
    return near[0] if near else ""


def is_activation(word: str) -> str:
    """The id of the activation that this word names; empty if it names none."""
    ids = names().get(plain(word), ())
    return ids[0] if len(ids) == 1 and LAYERS[ids[0]].category == "Activation" else ""


# ---------------------------------------------------------------- settings


def typed_params(kind: type[Layer]) -> list[Param]:
    """The settings that can be typed."""
    return [p for p in kind.params() if p.kind in TYPED]


def by_key(kind: type[Layer], key: str) -> Param | None:
    """The setting of this name, torch's or the one on its form."""
    params = typed_params(kind)
    exact = [p for p in params if p.name == key] or [p for p in params if plain(key) in (plain(p.name), plain(p.label))]
    return exact[0] if exact else None


def by_letters(kind: type[Layer], letters: str) -> Param | None:
    """The setting with a number that these letters stand for: k for kernel_size, h for num_heads."""
    params = [p for p in typed_params(kind) if p.kind in ("int", "float", "size")]
    known = {p.name: p for p in params}
    for name in (letters, *LETTERS.get(letters, ())):
        if name in known:
            return known[name]
    ranked = sorted(params, key=lambda p: p.advanced)
    starts = [p for p in ranked if p.name.startswith(letters)]
    within = [p for p in ranked if any(part.startswith(letters) for part in p.name.split("_")[1:])]
    initials = [p for p in ranked if "".join(part[0] for part in p.name.split("_") if part) == letters]
    return next(iter((*starts, *initials, *within)), None)


def positional(kind: type[Layer]) -> list[Param]:
    """The settings that numbers without a name are for, in order."""
    return [p for p in typed_params(kind) if p.kind in ("int", "float", "size", "text") and not p.advanced]


def by_word(kind: type[Layer], word: str) -> tuple[str, object] | None:
    """The setting and value that a bare word stands for: bidirectional, nobias, same, sum."""
    for p in typed_params(kind):
        if p.kind == "bool" and plain(word) in (plain(p.name), plain(p.label)):
            return p.name, True
        if p.kind == "bool" and plain(word) in ("no" + plain(p.name), "no" + plain(p.label)):
            return p.name, False
        for value, label in p.choices:
            if plain(word) and plain(word) in (plain(value), plain(label)):
                return p.name, value
    return None


def value_of(p: Param, text: str) -> object:
    """A typed value in the setting's own type; SettingError with a sentence if it is not one."""
    return p.check(_READ[p.kind](p, text.strip()))


def _read_number(p: Param, text: str) -> object:
    if p.optional and text.lower() in ("none", ""):
        return None
    if not NUMBER.fullmatch(text.lower()):
        return text
    number = float(text.replace("−", "-"))
    return int(number) if p.kind != "float" and number.is_integer() else number


def _read_size(p: Param, text: str) -> object:
    inner = text.strip("()[] ")
    parts = re.split(r"[x×,\s]+", inner) if re.fullmatch(r"[0-9x×,\s+\-−]+", inner) else []
    parts = [part for part in parts if part]
    if len(parts) > 1:
        return tuple(_read_number(p, part) for part in parts)
    return _read_number(p, inner) if parts else _read_number(p, text)


def _read_bool(p: Param, text: str) -> object:
    return True if text.lower() in YES else False if text.lower() in NO else text


def _read_choice(p: Param, text: str) -> object:
    return next((v for v, label in p.choices if text == v or plain(text) in (plain(v), plain(label))), text)


def _read_text(p: Param, text: str) -> object:
    if text[:1] == '"':
        try:
            return json.loads(text)
        except ValueError:
            raise SettingError(f"{p.label} has quotes that do not close", p.name) from None
    return ", ".join(re.split(r"[x×]", text)) if SIZES.fullmatch(text) else text.strip("()")


_READ = {
    "int": _read_number,
    "float": _read_number,
    "size": _read_size,
    "bool": _read_bool,
    "choice": _read_choice,
    "text": _read_text,
}


def spelled(p: Param, value: object) -> str:
    """A value as it may be typed again."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "x".join(str(n) for n in value)
    if p.kind == "text" or (isinstance(value, str) and not value.isalnum()):
        return json.dumps(str(value), ensure_ascii=False)
    return repr(value) if isinstance(value, float) else str(value)


def short_of(problem: NNLabError) -> str:
    """An error's sentence without a capital in front, to stand after a word."""
    said = str(problem)
    return said[:1].lower() + said[1:] if not said[:2].isupper() else said


def lettered(word: str) -> tuple[str, str] | None:
    """Letters and the number behind them: k3 -> k, 3."""
    match = LETTERED.fullmatch(word.lower())
    return (match[1], match[2]) if match and (NUMBER.fullmatch(match[2]) or SIZES.fullmatch(match[2])) else None


def is_number(word: str) -> bool:
    """A number, or sizes as 3x5."""
    return bool(NUMBER.fullmatch(word.lower()) or SIZES.fullmatch(word))


def sizes_text(numbers: Sequence[str]) -> str:
    """Numbers for a setting that is a list: 1, 28, 28."""
    return ", ".join(part for number in numbers for part in re.split(r"[x×]", number))
