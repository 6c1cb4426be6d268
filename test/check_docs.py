#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs what the documentation tells its readers to type.

    check_docs.py --prefix=FOLDER --standalone=FOLDER [--python=FILE] [--cxx=FILE] [--llvm=FOLDER] [--jobs=N] [PAGE..]

Every page is worked through from top to bottom in a copy of the source tree of
its own, in which build/release is the installed mempl (--prefix) and build/standalone
is examples/standalone as it was built. --python's environment is in PATH; a page that
runs mempl's tools puts them there itself. What happens to a fenced block depends on its language:

    sh        bash runs it, with the variables that the blocks before it have set; the
              exit code must be 0. If the next block of the page is
              text, that is what it prints, on both streams: `...` stands for anything
              within a line, and alone on a line for any number of lines
    python    runs; all blocks of a page share their variables
    mlir      mempl-opt reads it
    json      is read
    c, cpp    compiled, without making code

Comments above a block change that:

    <!-- not run: REASON -->  the block is counted, and its commands are looked at: scripts of
                              the source tree are there, and have the options that are given
    <!-- from: PATH -->       it stands, line by line, in that file of the source tree
    <!-- exit code N -->      the command ends with N

No comment may stand between a reader and what he has to type: files that commands
use are in the source tree, or made by commands of the page.

Blocks in other languages, and indented ones, need a comment: what the test does
not look at is marked as such. Prints a line per block that is not run, and the
sums; the exit code is 1 if anything failed.
"""

import argparse
import concurrent.futures
import filecmp
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from markdown_it import MarkdownIt

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GENERATED = {"docs/Dialect.md": "made from TableGen, parts of programs", "docs/Passes.md": "made from TableGen"}
# Pages for those who work on mempl itself, and of others.
LEFT_OUT = ("CHANGELOG.md", "test/data/")
NOT_COPIED = shutil.ignore_patterns("build", "install", ".git", "__pycache__", "*.pyc")
# Large folders that commands only read: links instead of copies.
LINKED = ("test/data", "benchmarks/corpus")
SECONDS = 240  # For one block.
# How comments above a block begin, those of generated parts among them.
KNOWN = ("not run: ", "from: ", "exit code ", "made by ", "Made by ", "tables", "end of tables")

# Runs blocks that come as JSON lines and answers each with a line.
PYTHON_SERVER = """
import json, os, sys, traceback
# Only answers may reach the real standard output.
answers, requests = os.fdopen(os.dup(1), "w"), os.fdopen(os.dup(0))
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
scope = {"__name__": "__main__"}
for line in requests:
    block = json.loads(line)
    out = os.open(block["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1), os.dup2(out, 2), os.close(out)
    failed = False
    try:
        exec(compile("\\n" * block["line"] + block["text"], block["page"], "exec"), scope)
    except BaseException:
        failed = True
        traceback.print_exc()
    sys.stdout.flush(), sys.stderr.flush()
    print(json.dumps(failed), file=answers, flush=True)
"""


class Block:
    """A fenced or indented block and what the comments above it say."""

    def __init__(self, page, token, comments):
        self.page = page
        self.line = token.map[0] + 1
        self.text = token.content
        self.language = token.info.strip().split(" ")[0] if token.type == "fence" else "indented"
        self.notes = {}
        self.unknown = [c for c in comments if not c.startswith(KNOWN)]
        for comment in comments:
            for key, pattern in (
                ("not run", r"not run: (.+)"),
                ("from", r"from: (\S+)"),
                ("exit code", r"exit code (\d+)"),
            ):
                match = re.fullmatch(pattern, comment)
                if match:
                    self.notes[key] = match.group(1)

    def where(self):
        return f"{self.page}:{self.line}"


def blocks_of(page):
    """The blocks of a page, in order."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as f:
        tokens = MarkdownIt("commonmark").parse(f.read())
    blocks, comments = [], []
    for token in tokens:
        if token.type == "html_block":
            comments += [c.strip() for c in re.findall(r"<!--(.*?)-->", token.content, re.S)]
        elif token.type in ("fence", "code_block"):
            blocks.append(Block(page, token, comments))
            comments = []
        else:
            comments = []
    return blocks


def matches(expected, actual):
    """Whether a text is what a page shows, with its wildcards."""
    pattern = ""
    for line in expected.rstrip("\n").split("\n"):
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.rstrip().split("...")) + "\n"
    lines = "".join(line.rstrip() + "\n" for line in actual.rstrip("\n").split("\n"))
    return re.fullmatch(pattern, lines) is not None


@functools.cache
def options_of(script):
    """Options that a script in Python names in its help."""
    done = subprocess.run([sys.executable, script, "--help"], stdout=subprocess.PIPE, text=True)
    return set(re.findall(r"--[a-z][a-z0-9-]*", done.stdout))


class Page:
    """Works through one page in a folder of its own."""

    def __init__(self, page, settings):
        self.page, self.settings = page, settings
        self.ran, self.looked_at, self.skipped, self.errors = 0, 0, [], []
        self.python = None

    def error(self, block, message, detail=""):
        detail = "".join(f"    {line}\n" for line in detail.rstrip().split("\n")[-25:]) if detail else ""
        self.errors.append(f"{block.where()}: error: {message}\n{detail}")

    def run(self):
        blocks = blocks_of(self.page)
        if self.page.startswith("docs/") and self.page != "docs/index.md":
            self.check_opening()
        with tempfile.TemporaryDirectory(prefix="mempl-docs-") as folder:
            self.log = os.path.join(folder, "log")
            if any("not run" not in block.notes for block in blocks) and self.page not in GENERATED:
                self.set_up(os.path.join(folder, "mempl"))
            after = blocks[1:] + [None]
            shown = set()  # Blocks that are what the one before them prints.
            for block, next_block in zip(blocks, after):
                if block in shown:
                    continue
                expected = None
                if block.language in ("sh", "python") and next_block and next_block.language == "text":
                    if not next_block.notes:
                        expected = next_block
                        shown.add(next_block)
                self.check(block, expected)
            if self.python:
                self.python.stdin.close()
                self.python.wait()
            self.check_figures()
        return self

    def set_up(self, folder):
        """Makes the copy of the source tree, and what commands find in it."""
        self.folder = folder

        def ignore(path, names):
            path = os.path.relpath(path, ROOT)
            linked = {name for name in names if os.path.normpath(os.path.join(path, name)) in LINKED}
            return NOT_COPIED(path, names) | linked

        shutil.copytree(ROOT, folder, ignore=ignore)
        os.makedirs(os.path.join(folder, "build"))
        links = {path: os.path.join(ROOT, path) for path in LINKED}
        links["build/release"] = self.settings.prefix
        links["build/standalone"] = self.settings.standalone
        for path, target in links.items():
            os.symlink(target, os.path.join(folder, path))
        paths = [os.path.dirname(self.settings.python), os.environ["PATH"]]
        self.environment = dict(os.environ, PATH=os.pathsep.join(paths))
        # With libtpu, which other tests want, jax looks for a TPU, and talks about it.
        self.environment["JAX_PLATFORMS"] = "cpu"

    def check_opening(self):
        """A page of the documentation begins with a question that its reader has."""
        with open(os.path.join(ROOT, self.page), encoding="utf-8") as f:
            opening = [line for line in f.read(1000).split("\n") if line and not line.startswith("<!--")][:2]
        if not any(line.rstrip("*").endswith("?") for line in opening):
            self.errors.append(f"{self.page}:1: error: expected a question as the title or as the first line\n")

    def check_figures(self):
        """Figures that commands of the page have drawn anew are what they were."""
        for name in os.listdir(os.path.join(ROOT, "docs/figures")) if hasattr(self, "folder") else ():
            old, new = (os.path.join(root, "docs/figures", name) for root in (ROOT, self.folder))
            if not filecmp.cmp(old, new, shallow=False):
                self.errors.append(f"{self.page}: error: docs/figures/{name} is out of date: run the command that draws it\n")

    def check(self, block, expected):
        for comment in block.unknown:
            self.error(block, f"the comment above it says nothing to this test: '{comment[:60]}'")
        if self.page in GENERATED:
            self.skipped.append((block.where(), GENERATED[self.page]))
            return
        if "not run" in block.notes:
            self.skipped.append((block.where(), block.notes["not run"]))
            if block.language == "sh":
                self.look_at_commands(block)
            return
        if "from" in block.notes:
            self.looked_at += 1
            path = os.path.join(ROOT, block.notes["from"])
            if not os.path.exists(path):
                self.error(block, f"there is no file '{block.notes['from']}'")
            else:
                with open(path, encoding="utf-8") as f:
                    if "\n" + block.text not in "\n" + f.read():
                        self.error(block, f"expected these lines in '{block.notes['from']}'")
            return
        handler = {
            "sh": self.run_shell,
            "python": self.run_python,
            "mlir": self.read_mlir,
            "json": self.read_json,
            "c": self.compile,
            "cpp": self.compile,
        }.get(block.language)
        if handler:
            handler(block, expected)
        else:
            kind = f"a block in '{block.language}'" if block.language else "a block without a language"
            if block.language == "indented":
                kind = "an indented block"
            self.error(block, f"{kind}: expected a fence with a language that can be tested, or a comment above it")

    def look_at_commands(self, block):
        for line in block.text.replace("\\\n", " ").split("\n"):
            words = shlex.split(line, comments=True)
            scripts = [word for word in words[:2] if re.match(r"(benchmarks|scripts|test)/", word)]
            if not scripts:
                continue
            script = scripts[0]
            path = os.path.join(ROOT, script)
            if not os.path.isfile(path) or (script == words[0] and not os.access(path, os.X_OK)):
                self.error(block, f"there is no program '{script}'")
                continue
            with open(path, encoding="utf-8") as f:
                is_python = "python" in f.readline()
            for word in words:
                option = word.split("=")[0]
                if is_python and option.startswith("--") and option not in options_of(path):
                    self.error(block, f"'{script}' has no option '{option}'")

    def compare(self, block, expected, output):
        if expected and not matches(expected.text, output):
            self.error(expected, "expected this as what the block above prints; it prints", output)

    def execute(self, command, **options):
        """Exit code and output, both streams in one."""
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=SECONDS,
                **options,
            )
        except subprocess.TimeoutExpired as timeout:
            return -1, f"{timeout.stdout or ''}\nstopped after {SECONDS} s"
        return done.returncode, done.stdout

    def run_shell(self, block, expected):
        self.ran += 1
        variables = os.path.join(os.path.dirname(self.folder), "variables")
        keep = f"trap 'env -0 > {shlex.quote(variables)}' EXIT\nset -a\n"
        code, output = self.execute(["bash", "-euo", "pipefail", "-c", keep + block.text])
        if os.path.exists(variables):
            with open(variables, encoding="utf-8") as f:
                self.environment = dict(pair.split("=", 1) for pair in f.read().split("\0") if pair)
        wanted = int(block.notes.get("exit code", "0"))
        if code != wanted:
            self.error(block, f"expected exit code {wanted}, found {code}", output)
        else:
            self.compare(block, expected, output)

    def run_python(self, block, expected):
        self.ran += 1
        if not self.python:
            self.python = subprocess.Popen(
                [self.settings.python, "-c", PYTHON_SERVER],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        request = {"text": block.text, "line": block.line, "page": self.page, "output": self.log}
        self.python.stdin.write(json.dumps(request) + "\n")
        self.python.stdin.flush()
        answer = self.python.stdout.readline()
        with open(self.log, encoding="utf-8", errors="replace") as f:
            output = f.read()
        if answer.strip() != "false":
            self.error(block, "this raises", output)
        else:
            self.compare(block, expected, output)

    def read_mlir(self, block, _):
        self.looked_at += 1
        path = os.path.join(self.folder, f"block{block.line}.mlir")
        with open(path, "w", encoding="utf-8") as f:
            f.write(block.text)
        code, output = self.execute([os.path.join(self.settings.prefix, "bin", "mempl-opt"), path, "-o", os.devnull])
        os.remove(path)
        if code != 0:
            self.error(block, "mempl-opt does not read this", output)

    def read_json(self, block, _):
        self.looked_at += 1
        try:
            json.loads(block.text)
        except ValueError as error:
            self.error(block, f"no JSON: {error}")

    def compile(self, block, _):
        self.looked_at += 1
        path = os.path.join(self.folder, f"block{block.line}.{block.language}")
        with open(path, "w", encoding="utf-8") as f:
            f.write(block.text)
        options = ["-std=c++20", "-fno-rtti"] if block.language == "cpp" else ["-x", "c", "-std=c11"]
        includes = ["-I", os.path.join(self.settings.prefix, "include"), "-I", self.settings.llvm]
        code, output = self.execute([self.settings.cxx, *options, "-DNDEBUG", "-fsyntax-only", *includes, path])
        os.remove(path)
        if code != 0:
            self.error(block, "this does not compile", output)


def all_pages():
    """Markdown files of the source tree, sorted."""
    pages = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in ("build", "install") and not f.startswith(".")]
        pages += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files if f.endswith(".md")]
    return sorted(page for page in pages if not page.startswith(LEFT_OUT))


def main():
    parser = argparse.ArgumentParser(description="Runs what the documentation tells its readers to type.")
    parser.add_argument("--prefix", required=True, help="where mempl is installed")
    parser.add_argument("--standalone", required=True, help="where examples/standalone is built")
    parser.add_argument("--python", default=sys.executable, help="Python with mempl, for the blocks")
    parser.add_argument("--cxx", default="clang++-22", help="compiler for C and C++")
    parser.add_argument("--llvm", default="/usr/lib/llvm-22/include", help="headers of LLVM and MLIR")
    parser.add_argument("--jobs", type=int, default=2, help="pages at a time")
    parser.add_argument("pages", nargs="*", help="pages, relative to the source tree; default all")
    settings = parser.parse_args()
    settings.prefix = os.path.abspath(settings.prefix)
    settings.standalone = os.path.abspath(settings.standalone)
    settings.python = os.path.abspath(settings.python)
    pages = settings.pages or all_pages()
    for page in pages:
        if not os.path.exists(os.path.join(ROOT, page)):
            sys.exit(f"check_docs.py: error: expected a page of the source tree, found '{page}'")
    with concurrent.futures.ThreadPoolExecutor(settings.jobs) as pool:
        done = list(pool.map(lambda page: Page(page, settings).run(), pages))
    for page in done:
        for where, reason in page.skipped:
            if page.page not in GENERATED:
                print(f"{where}: not run: {reason}")
    for page in done:
        for error in page.errors:
            print(error, end="")
    ran = sum(page.ran for page in done)
    looked_at = sum(page.looked_at for page in done)
    skipped = sum(len(page.skipped) for page in done)
    errors = sum(len(page.errors) for page in done)
    print(
        f"{len(pages)} pages: {ran} blocks run, {looked_at} read or compiled, "
        f"{skipped} not run ({sum(len(p.skipped) for p in done if p.page in GENERATED)} on generated pages), "
        f"{errors} errors"
    )
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
