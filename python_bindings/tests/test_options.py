"""Arguments are called what options of the tools are called; old names still work."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys

import pytest
from conftest import ROOT, needs_torch, tiny_json

import mempl
import mempl.iree
import mempl.training
import mempl.xla

spec = importlib.util.spec_from_file_location("check_options", ROOT / "test" / "check_options.py")
assert spec and spec.loader
tables = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tables)


def arguments(function):
    """Names, as tools spell them, and defaults, as tools say them."""
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        default = parameter.default
        plain = "" if default in (inspect.Parameter.empty, None, (), "<mlir>") else str(default)
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            found[name.replace("_", "-")] = plain
    return found


@pytest.mark.parametrize("where, function", [(tables.PY_SOLVE, mempl.solve), (tables.PY_PLACE, mempl.place)])
def test_they_are_those_of_the_table(where, function):
    assert tables.compare(where, arguments(function), tables.rows_of(where)) == []


FUNCTIONS = [
    mempl.load,
    mempl.loads,
    mempl.load_xla,
    mempl.pack,
    mempl.training.train,
    mempl.xla.place,
    mempl.xla.improve,
    mempl.iree.compile,
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_none_has_an_old_name(function):
    assert not arguments(function).keys() & tables.OLD
    assert not re.search(r"\b(time_limit|seconds|minutes|checkpoint)=", function.__doc__)


def test_those_of_training_are_those_of_the_tool():
    own = {"programs", "progress", "cancelled"}
    assert arguments(mempl.training.train).keys() - own <= tables.TRAINING.keys()


@needs_torch
@pytest.mark.parametrize("name", sorted(tables.TRAINING.keys() - {"out", "validation", "target"}))
def test_training_knows_the_options_of_the_tool(tmp_path, name):
    known = {"time-limit-ms": 1000.0, "weights": "", "slots": 2, "learning-rate": 0.01, "elite-share": 0.5}
    given = tables.TRAINING[name]
    value = known.get(name, int(given) if given.isdigit() else given)
    rows = [("tiny", tiny_json(), False)]
    mempl.training.native().Trainer(rows, str(tmp_path / "run"), {name.replace("-", "_"): value})


@pytest.mark.parametrize("module", ["mempl.xla", "mempl.iree._command"])
def test_programs_show_new_names_only(module):
    code = f"import sys; sys.argv = ['x', '--help']; import runpy; runpy.run_module('{module}', run_name='__main__')"
    if module.endswith("_command"):
        code = "from mempl.iree._command import main; main(['--help'])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    options = set(re.findall(r"--([a-z][a-z-]*)", shown))
    assert "time-limit-ms" in options
    assert not options & tables.OLD


def test_old_names_still_work(tiny):
    with pytest.warns(DeprecationWarning, match="time_limit is now time_limit_ms"):
        assert mempl.solve(tiny, "search", budget=0, time_limit=0.05).seconds < 60
    with pytest.warns(DeprecationWarning, match="time_limit is now time_limit_ms"):
        assert mempl.pack([1], [0], [1], time_limit=1).height == 1
    with pytest.warns(DeprecationWarning, match="time_limit is now time_limit_ms"):
        # 0 was no limit.
        assert mempl.place("module {}", target="tiny", time_limit=0).text
    with pytest.raises(mempl.Error, match="time_limit: is the old name of time_limit_ms; give one of them"):
        mempl.solve(tiny, time_limit=1, time_limit_ms=1000)
    with pytest.raises(mempl.Error, match="time_limit_ms: expected more than 0 milliseconds, found 0"):
        mempl.place("module {}", target="tiny", time_limit_ms=0)


def test_old_names_of_solvers_still_work(tiny):
    new = mempl.solve(tiny, "msa{preset=test,fuel=1}").plan
    with pytest.warns(DeprecationWarning, match="msa_options: options of a solver are now in its specification"):
        assert mempl.solve(tiny, "msa:test", msa_options="fuel=1").plan == new
    with pytest.warns(DeprecationWarning, match="policy is now solver"):
        assert mempl.solve(tiny, policy="msa{preset=test,fuel=1}").plan == new
    with pytest.warns(DeprecationWarning, match="policies: options of a solver"):
        assert mempl.solve(tiny, policies=["none"]).winner == "none"
    with pytest.warns(DeprecationWarning, match="policy is now solver"):
        assert mempl.place("module {}", target="tiny", policy="greedy").text
    with pytest.warns(DeprecationWarning):
        assert mempl.policies().keys() == mempl.solvers().keys()
    with pytest.raises(mempl.Error, match="policy: is the old name of solver; give one of them"):
        mempl.solve(tiny, solver="none", policy="none")


def test_solvers_take_the_options_that_they_declare(tiny):
    for name, solver in mempl.solvers().items():
        # A default may go on in words: "1, or as many as threads ..".
        options = {
            o["name"]: o["default"].partition(", or ")[0]
            for o in solver["options"]
            if o["kind"] not in ("solver", "file")
        }
        if name != "muzero":
            spec = mempl.solver(name, **{key.replace("-", "_"): value for key, value in options.items()})
            assert mempl.solve(tiny, spec, budget=2).winner.startswith(name if name != "portfolio" else "")
        with pytest.raises(mempl.Error, match="has no option"):
            mempl.solve(tiny, mempl.solver(name, nothing=1))


def test_specifications_are_made(tmp_path):
    assert mempl.solver("search") == "search"
    start = mempl.solver("muzero", weights=tmp_path / "a b.mempl")
    assert start == f"muzero{{weights='{tmp_path}/a b.mempl'}}"
    assert mempl.solver("search", start=start) == f"search{{start={start}}}"
    assert mempl.solver("portfolio", "none", mempl.solver("msa", max_retries=3, tune=True)) == "portfolio{none,msa{max-retries=3,tune=true}}"
    with pytest.raises(mempl.Error, match="one kind of quotes"):
        mempl.solver("muzero", weights="""a'b"c""")


@needs_torch
def test_old_names_of_training_still_work(tiny, tmp_path):
    with pytest.warns(DeprecationWarning, match="minutes is now time_limit_ms"):
        run = mempl.train(tiny, tmp_path / "run", minutes=1e-6)
    assert (run.folder / "best.mempl").exists()
    assert run.status["greedy_score"] > 0
    with pytest.warns(DeprecationWarning, match="initial_weights is now weights"):
        mempl.train(tiny, tmp_path / "other", initial_weights=run.weights, time_limit_ms=1)
    assert (tmp_path / "other" / "best.mempl").read_bytes() == run.weights.read_bytes()
