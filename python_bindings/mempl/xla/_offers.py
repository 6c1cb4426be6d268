"""Offers constraints to a compiler and keeps what helps: the logic, which knows no compiler and no plan.

Constraints are offered by value in chunks. A chunk that is refused loses the constraint that the refusal names, and is halved if
that does not help; so is one that does not lower the estimate. What is kept lowers the estimate, so the result is never
worse than what the compiler does alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ._compiler import OutOfTime, Refused
from ._estimate import stray_outputs

#: Strict constraints: compilation fails where they cannot be met.
OVERRIDES = "xla_tpu_msa_tensor_overrides"
#: Wishes for the order in which the assignment looks at values; never refused.
WISHES = "xla_tpu_msa_sort_order_overrides"
#: Without weights kept over from the run before.
NO_CARRY = {"xla_msa_max_cross_program_prefetches": "0"}
#: The reason for constraints that are followed and of no use.
USELESS = "does not lower the estimate"

#: The reason for constraints that XLA follows to a wrong end.
STRAY = "an output of the program would stay in fast memory"

# Constraints in the first chunk and in the largest, each three times the one before; constraints that a chunk loses before it is
# halved; and compilations in a row that may be of no use before other constraints are tried.
_FIRST_CHUNK = 4
_LAST_CHUNK = 32
_MAX_LOST = 4
_PATIENCE = 7
# A change of the total that counts.
BETTER = 1 - 1e-4


class TextCompiler(Protocol):
    """What is needed of a compiler: the text for options, or Refused, or OutOfTime if it has a `deadline`."""

    def compile(self, options: Mapping[str, str], /) -> str: ...


@dataclass(frozen=True)
class Offer:
    """A constraint, or a wish, that can be offered."""

    option: str
    proto: str
    instruction: str
    value: str
    operand: int | None = None
    action: str = "pin"
    seconds: float = 0.0

    @property
    def is_wish(self) -> bool:
        return self.option == WISHES


def join(switches: Mapping[str, str], offers: Sequence[Offer]) -> dict[str, str]:
    """Compile options of switches and constraints."""
    options = dict(switches)
    for option in (WISHES, OVERRIDES):
        texts = [offer.proto for offer in offers if offer.option == option]
        if texts:
            options[option] = " ".join(texts)
    return options


def reason(message: str) -> str:
    """A refusal in a few words."""
    found = re.search(r"(?:defining|failed for) instruction '[^']+': ([^(]*)", message)
    text = found[1] if found else message
    return re.sub(r"\s+", " ", text).strip()[:80]


class Log:
    """Compilations by their options; in a file as JSON lines, if there is a path.

    None that a file has is made again, unless its text is needed, so that a run that was killed goes on where it was.
    `program` tells programs apart that share a file.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, program: str = "") -> None:
        self._path, self._program = path, program
        self._known: dict[str, dict[str, Any]] = {}
        if path is None or not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            for line in file:
                try:
                    record = json.loads(line)
                    self._known[record["key"]] = record
                except (json.JSONDecodeError, KeyError, TypeError):
                    pass  # The last line of a run that was killed.

    def _key(self, options: Mapping[str, str]) -> str:
        text = json.dumps(options, sort_keys=True) + self._program
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def find(self, options: Mapping[str, str]) -> dict[str, Any] | None:
        """`cycles` or `error` of a compilation that was made before."""
        return self._known.get(self._key(options))

    def add(self, options: Mapping[str, str], **result: Any) -> None:
        constraints = sum(options.get(option, "").count("overrides {") for option in (WISHES, OVERRIDES))
        record = {"key": self._key(options), "constraints": constraints, **result}
        self._known[record["key"]] = record
        if self._path is not None:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")


class RoundTrip:
    """One program: offers constraints, keeps what helps.

    Args:
        compiler: makes text of options.
        evaluate: cycles of a text.
        log: of compilations.
        seconds: from now on, after which nothing is under way any more; None for no limit. Nothing is begun that would
            not end before, as long as compilations take on average.
        switches: options of every compilation.
        clock, cancelled: where time comes from, and what ends it early.
        tried: called after every compilation.
    """

    def __init__(
        self,
        compiler: TextCompiler,
        evaluate: Callable[[str], int],
        log: Log,
        seconds: float | None,
        switches: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        cancelled: Callable[[], bool] | None = None,
        tried: Callable[[], object] | None = None,
    ) -> None:
        self._compiler, self._evaluate, self._log = compiler, evaluate, log
        self._clock, self._cancelled, self._tried = clock, cancelled, tried
        self._end = None if seconds is None else clock() + seconds
        #: Seconds of the time that the caller needs at the end.
        self.reserve = 0.0
        self._compiling = 0.0  # Seconds of all that have been compiled here.
        self._compiled = 0
        self._is_out = False
        self._useless = 0
        self.switches = dict(switches or {})
        self.kept: list[Offer] = []
        self.offered: dict[str, Offer] = {}
        # By constraint: why it is not offered again; and the last answer ever.
        self.refused: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.before = self.total = 0
        # Of what is kept, and of the compiler's own choice.
        self.text = self.first_text = ""
        self.compilations = 0
        self.was_cancelled = False

    def is_over(self) -> bool:
        """Whether there is no time for another compilation, or it was cancelled."""
        self.was_cancelled = self.was_cancelled or (self._cancelled is not None and self._cancelled())
        if self.was_cancelled or self._is_out or self._end is None:
            return self.was_cancelled or self._is_out
        next_one = self._compiling / max(1, self._compiled)
        return self._clock() + next_one + self.reserve >= self._end

    def options(self) -> dict[str, str]:
        """Compile options of what is kept."""
        return join(self.switches, self.kept)

    def _attempt(self, switches: Mapping[str, str], offers: Sequence[Offer]) -> tuple[int, str | None]:
        """Cycles and text of one compilation; from the log if it is there."""
        options = join(switches, offers)
        found = self._log.find(options)
        if found and self.text and found.get("error"):
            raise Refused(found["error"])
        if found and self.text and found["cycles"] >= self.total:
            return found["cycles"], None  # No better, so nobody asks for its text.
        try:
            text = self._compile(options)
        except Refused as error:
            self._log.add(options, error=str(error)[:2000])
            self._count()
            raise
        if self.text and (fault := self._fault(text)):
            self._log.add(options, error=fault)
            self._count()
            raise Refused(fault)
        cycles = self._evaluate(text)
        self._log.add(options, cycles=cycles)
        self._count()
        return cycles, text

    def _compile(self, options: Mapping[str, str]) -> str:
        """Text of one compilation; with what is left of the time, for a compiler that can be told."""
        if self._end is not None and hasattr(self._compiler, "deadline"):
            self._compiler.deadline = self._end - self.reserve
        began = self._clock()
        try:
            return self._compiler.compile(options)
        except OutOfTime:
            self._is_out = True
            raise
        finally:
            self._compiling += self._clock() - began
            self._compiled += 1

    def _fault(self, text: str) -> str | None:
        """Why a program is wrong that the compiler has accepted, as a refusal."""
        if not (stray := stray_outputs(text)):
            return None
        return f"MSA strict override failed for instruction '{stray[0]}': {STRAY}"

    def _count(self) -> None:
        self.compilations += 1
        if self._tried is not None:
            self._tried()

    def begin(self, switches_too: bool = True) -> int:
        """The compiler alone, and without weights kept over from the run before; returns cycles of the former."""
        self.before, text = self._attempt(self.switches, [])
        assert text is not None
        self.total, self.text, self.first_text = self.before, text, text
        if not switches_too or self.is_over() or NO_CARRY.keys() & self.switches.keys():
            return self.before
        try:
            switches = {**self.switches, **NO_CARRY}
            cycles, text = self._attempt(switches, [])
            if cycles < self.total * BETTER and text is not None:
                self.total, self.text, self.switches = cycles, text, switches
        except (Refused, OutOfTime):
            pass
        return self.before

    def offer_all(self, offers: Sequence[Offer]) -> None:
        """Offers what is neither kept nor refused, the first ones first, until `_PATIENCE` is at an end."""
        known = {offer.proto for offer in self.kept} | self.refused.keys()
        left = [offer for offer in offers if offer.proto not in known]
        self._useless, size = 0, _FIRST_CHUNK
        while left and not self._gives_up():
            self.offer(left[:size])
            left, size = left[size:], min(3 * size, _LAST_CHUNK)

    def _gives_up(self) -> bool:
        return self.is_over() or self._useless >= _PATIENCE

    def offer(self, offers: Sequence[Offer]) -> None:
        """Offers a chunk; keeps it whole, or parts of it."""
        offers = [offer for offer in offers if offer.proto not in self.refused]
        lost, why = 0, USELESS
        while offers and not self._gives_up():
            self.offered |= {offer.proto: offer for offer in offers}
            self._useless += 1
            try:
                cycles, text = self._attempt(self.switches, self.kept + offers)
            except OutOfTime:
                return
            except Refused as error:
                named = _named(str(error), offers)
                if named is None or (lost >= _MAX_LOST and len(offers) > 1):
                    why = reason(str(error))
                    break
                lost += 1
                self._refuse(named, reason(str(error)))
                offers = [offer for offer in offers if offer is not named]
                continue
            if cycles < self.total * BETTER and text is not None:
                self.total, self.text = cycles, text
                self.kept = self.kept + offers
                self._useless = 0
                return
            break
        if self._gives_up():
            return
        if len(offers) < 2:
            for offer in offers:
                self._refuse(offer, why)
            return
        half = (len(offers) + 1) // 2
        self.offer(offers[:half])
        self.offer(offers[half:])

    def _refuse(self, offer: Offer, why: str) -> None:
        self.refused[offer.proto] = self.answers[offer.proto] = why

    def give_second_chance(self) -> None:
        """After something has changed, what was refused is offered again: it may have been another constraint's fault."""
        self.refused = {}


def _named(message: str, offers: Sequence[Offer]) -> Offer | None:
    """The constraint that a refusal is about, or None."""
    about = re.search(r"failed for instruction '([^']+)'(?: operand (\d+))?", message)
    source = re.search(r"defining instruction '([^']+)'", message)
    for offer in offers:
        if not about or offer.instruction != about[1]:
            continue
        if offer.operand is None or about[2] is None or str(offer.operand) == about[2]:
            return offer
    for offer in offers:
        if (source and offer.instruction == source[1]) or (about and offer.instruction == about[1]):
            return offer
    for offer in offers:
        if source and offer.value.split("{")[0] == source[1]:
            return offer
    return None
