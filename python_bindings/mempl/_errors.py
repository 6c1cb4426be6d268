"""The exception of mempl."""

from __future__ import annotations

import re

_PLACE = re.compile(r"^(?P<file>.+?):(?:(?P<line>\d+):)?(?:\d+:)? error: (?P<text>.*)$", re.S)


class Error(ValueError):
    """Wrong input: a file, a program, a plan or an option. `str()` is one line that says where and what was expected.

    Attributes:
        file: the file that is wrong, or None where no file is.
        line: its line, from 1, or None.
        text: the message without file and line.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        place = _PLACE.match(message)
        self.file: str | None = place["file"] if place else None
        self.line: int | None = int(place["line"]) if place and place["line"] else None
        self.text: str = place["text"] if place else message
