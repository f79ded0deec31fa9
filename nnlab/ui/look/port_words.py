"""What the ports of a layer are called where it has several, in words that tell what belongs there."""

import re

_WORDS = {
    "in": "input",
    "out": "output",
    "q": "query",
    "k": "key",
    "v": "value",
    "h": "hidden state",
    "c": "cell state",
    "last": "last step",
    "padding": "padding mask",
    "kl": "KL loss",
    "like": "as large as this",
    "index": "which ones",
    "indices": "where the largest were",
    **{letter: f"input {letter}" for letter in "abcd"},
}


def port_words(name: str, optional: bool = False) -> str:
    """A port's name as it is read: "query" for q, "input 2" for in2."""
    numbered = re.fullmatch(r"(in|out)(\d+)", name)
    text = f"{_WORDS[numbered[1]]} {numbered[2]}" if numbered else _WORDS.get(name, name.replace("_", " "))
    return f"{text} (optional)" if optional else text
