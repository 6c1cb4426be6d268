"""Checks that include lines and CMake's LINK lists keep to the table "Who may
include whom" of docs/Architecture.md, and that the functions and classes which
the page names are there.

Usage: check_includes.py ROOT

A row of the table is a folder below lib/ and include/mempl, or one at the top.
A folder with several libraries may have a row for each. Rows stand above those
that use them, and what a row may use, its users may use too. What comes from
outside of mempl is named by each row for itself: it holds for all that a source
includes, directly or through other headers.
"""

import os
import re
import sys

PAGE = "docs/Architecture.md"
HEADING = "## Who may include whom"
SOURCES = (".cpp", ".c")
SUFFIXES = (*SOURCES, ".h", ".td")
INCLUDE = re.compile(r'\s*#?\s*include\s*(["<])([^">]+)[">]')
# What the last column calls the folder or header that an include line names.
OUTSIDE = {
    "llvm": "LLVM",
    "llvm-c": "LLVM",
    "mlir": "MLIR",
    "mlir-c": "MLIR",
    "torch": "LibTorch",
    "ATen": "LibTorch",
    "c10": "LibTorch",
    "rapidjson": "RapidJSON",
    "zlib.h": "zlib",
    "nanobind": "nanobind",
    "gtest": "GoogleTest",
    "gmock": "GoogleTest",
    "benchmark": "Google Benchmark",
}
# A name that the page has from the code: `applyPlan`, `hlo::readModule`.
NAME = re.compile(r"`(?:\w+::)*([A-Za-z]\w*[a-z]\w*[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)`")
COMMANDS = re.compile(
    r"(mempl_add_library|mempl_add_mlir_library|add_library|target_link_libraries)\s*\(([^)]*)\)"
)

errors = []


def fail(place, text):
    errors.append(f"{place}: error: {text}")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Row:
    """What the table says of one library, or of all in a folder."""

    def __init__(self, place, cells):
        name, libraries, _, uses, outside = cells
        self.place = place
        self.name = name.replace("`", "")
        self.folder = name.split("`")[1]
        self.libraries = re.findall(r"`([^`]+)`", libraries)
        self.uses = [u.replace("`", "").strip() for u in uses.split(",") if u.strip()]
        self.outside = {o.strip() for o in outside.split(",") if o.strip()}
        self.files = 0

    def link(self, above):
        """Turns names into rows, all of which stand above this one."""
        self.reach = {self}
        for name in self.uses:
            rows = above if name == "all" else [r for r in above if r.name == name]
            if not rows:
                fail(self.place, f"expected the name of a row above, found '{name}'")
            for row in rows:
                self.reach |= row.reach


def read_table(root):
    rows = []
    inside = False
    for number, line in enumerate(read(os.path.join(root, PAGE)).split("\n"), 1):
        if line.startswith("## "):
            inside = line == HEADING
        if not inside or not line.startswith("| `"):
            continue
        place = f"{PAGE}:{number}"
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) != 5:
            fail(place, f"expected 5 columns, found {len(cells)}")
            continue
        row = Row(place, cells)
        row.link(rows)
        rows.append(row)
    if not rows:
        fail(PAGE, f"expected a table below '{HEADING}'")
    return rows


def check_names(root, files):
    """Whether functions and classes that the page names are in the sources; a
    folder, a library and a rule may be named, too."""
    words = set()
    for file in files.values():
        words |= set(re.findall(r"\w+", read(os.path.join(root, file.path))))
    for number, line in enumerate(read(os.path.join(root, PAGE)).split("\n"), 1):
        if line.startswith("|"):
            continue
        for name in NAME.findall(line):
            if name not in words:
                fail(f"{PAGE}:{number}", f"expected a name that the sources have, found '{name}'")


class File:
    """One source file: its rows, and what it includes."""

    def __init__(self, root, path):
        self.path = path
        self.rows = []
        self.libraries = set()
        self.project = []  # (line, File)
        self.outside = []  # (line, name in the last column, include)
        self.missing = []  # (line, folder) of generated headers
        self.lines = [
            (number, match[2])
            for number, line in enumerate(read(os.path.join(root, path)).split("\n"), 1)
            if (match := INCLUDE.match(line))
        ]

    def folder(self):
        """Where the table looks for it: the same for both halves of a library."""
        folder = os.path.dirname(self.path)
        if folder.startswith("include/mempl-c"):
            return "CAPI"
        for top in ("include/mempl/", "lib/"):
            if folder.startswith(top):
                return folder[len(top) :]
        return folder

    def is_private(self):
        return self.path.startswith("lib/")


def find_files(root, rows):
    """All sources below the folders of the table, by path."""
    tops = {"include", "lib"}
    for row in rows:
        tops.add(row.folder.split("/")[0])
    files = {}
    for top in sorted(tops):
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = sorted(f for f in folders if not f.startswith((".", "build")))
            for name in sorted(names):
                if name.endswith(SUFFIXES):
                    path = os.path.relpath(os.path.join(folder, name), root)
                    files[path] = File(root, path)
    return files


class Library:
    """One library of CMake."""

    def __init__(self, place):
        self.place = place
        self.sources = set()
        self.links = []  # (place, name)
        self.own = True  # made by mempl_add_library: others link it


def read_cmake(root):
    """Libraries that CMakeLists.txt below lib/ make, by name."""
    libraries = {}
    for folder, folders, names in os.walk(os.path.join(root, "lib")):
        folders.sort()
        if "CMakeLists.txt" not in names:
            continue
        path = os.path.relpath(os.path.join(folder, "CMakeLists.txt"), root)
        text = re.sub(r"#[^\n]*", "", read(os.path.join(root, path)))
        for match in COMMANDS.finditer(text):
            words = match[2].split()
            if not words or "ALIAS" in words:
                continue
            number = text.count("\n", 0, match.start()) + 1
            place = f"{path}:{number}"
            if match[1] != "target_link_libraries":
                library = libraries[words[0]] = Library(place)
                library.own = match[1] != "add_library"
            else:
                library = libraries.get(words[0])
            if library is None:
                continue
            for word in words[1:]:
                if word.endswith(SOURCES):
                    source = os.path.join(os.path.dirname(path), word)
                    library.sources.add(os.path.normpath(source))
                elif word.startswith("Mempl"):
                    library.links.append((place, word))
    return libraries


def assign_libraries(rows, libraries):
    """The row of each library."""
    row_of = {}
    for row in rows:
        for name in row.libraries:
            if name not in libraries:
                fail(row.place, f"expected a library of lib/, found '{name}'")
            row_of[name] = row
    for name, library in libraries.items():
        if name not in row_of:
            fail(library.place, f"library '{name}' has no row in {PAGE}")
    return row_of


def assign_rows(files, rows, libraries, row_of):
    """The rows of each file: that of the library which compiles it, or a source
    of the same name; else all of the folder."""
    library_of = {}
    for name, library in libraries.items():
        for source in library.sources:
            library_of.setdefault(source, []).append(name)
    stems = {}
    for path in library_of:
        if path in files:
            stem = (files[path].folder(), os.path.splitext(os.path.basename(path))[0])
            stems.setdefault(stem, set()).update(library_of[path])
    for file in files.values():
        folder = file.folder()
        while folder and not any(r.folder == folder for r in rows):
            folder = os.path.dirname(folder)
        candidates = [r for r in rows if r.folder == folder]
        if not candidates:
            fail(f"{file.path}:1", f"its folder has no row in {PAGE}")
            continue
        stem = (file.folder(), os.path.splitext(os.path.basename(file.path))[0])
        file.libraries = stems.get(stem, set())
        named = [r for r in candidates if any(row_of.get(n) is r for n in file.libraries)]
        file.rows = named or candidates
        for row in candidates:
            row.files += 1
    for row in rows:
        if not row.files:
            fail(row.place, f"'{row.folder}' has no sources")


def resolve(files):
    """Finds what each include line names."""
    private = {}
    for path in files:
        if not path.startswith("include/"):
            private.setdefault(os.path.basename(path), []).append(path)
    for file in files.values():
        for line, name in file.lines:
            near = os.path.normpath(os.path.join(os.path.dirname(file.path), name))
            same = private.get(name, [])
            path = next((p for p in (near, f"include/{name}") if p in files), None)
            if path is None and len(same) == 1:
                path = same[0]
            if path is not None:
                file.project.append((line, files[path]))
                continue
            top = name.split("/")[0]
            if top in ("mempl", "mempl-c"):
                file.missing.append((line, "/".join(name.split("/")[1:-1])))
            elif top in OUTSIDE:
                file.outside.append((line, OUTSIDE[top], name))
            elif "/" in name and top not in ("sys", "linux"):
                fail(f"{file.path}:{line}", f"'{name}' is in no column of {PAGE}")


def check_directly(files, rows):
    """Whether include lines by themselves are allowed."""
    for file in files.values():
        label = " or ".join(r.name for r in file.rows)
        reach = set().union(*(r.reach for r in file.rows))
        for line, other in file.project:
            place = f"{file.path}:{line}"
            if not reach.intersection(other.rows):
                names = " or ".join(r.name for r in other.rows)
                fail(place, f"{label} may not use {names}: {other.path}")
            if other.is_private() and not set(other.rows) & set(file.rows):
                if not file.path.startswith("unittests/"):
                    fail(place, f"{other.path} is private to {other.rows[0].name}")
            if file.path.startswith("include/") and not other.path.startswith("include/"):
                fail(place, f"a public header includes {other.path}")
        for line, folder in file.missing:
            made = [r for r in rows if r.folder == folder]
            if not made or not reach.intersection(made):
                fail(f"{file.path}:{line}", f"{label} may not use {folder}")
        for line, origin, name in file.outside:
            if not any(origin in r.outside for r in file.rows):
                fail(f"{file.path}:{line}", f"{label} may not use {origin}: {name}")


def check_reached(files):
    """Whether a source may use all that it includes through other headers."""
    for file in files.values():
        if not file.path.endswith(SOURCES):
            continue
        seen = {file}
        waiting = [(line, other, (other.path,)) for line, other in file.project]
        while waiting:
            line, other, way = waiting.pop()
            if other in seen:
                continue
            seen.add(other)
            for _, origin, name in other.outside:
                if not any(origin in r.outside for r in file.rows):
                    label = " or ".join(r.name for r in file.rows)
                    text = f"{label} may not use {origin}: {name}, through {', '.join(way)}"
                    fail(f"{file.path}:{line}", text)
            waiting += [(line, o, (*way, o.path)) for _, o in other.project]


def check_links(files, libraries, row_of):
    """Whether libraries link what they may, and all that they include."""
    for name, library in libraries.items():
        row = row_of.get(name)
        if row is None:
            continue
        for place, link in library.links:
            if link in row_of and row_of[link] not in row.reach:
                fail(place, f"{row.name} may not link {link}, of {row_of[link].name}")
        if not library.own:
            continue
        linked = set()
        waiting = [name]
        while waiting:
            link = waiting.pop()
            if link not in linked and link in libraries:
                linked.add(link)
                waiting += [n for _, n in libraries[link].links]
        for source in sorted(library.sources & files.keys()):
            for line, other in files[source].project:
                owners = other.libraries or {n for r in other.rows for n in r.libraries}
                owners = {n for n in owners if libraries[n].own}
                if owners and not owners & linked and row not in other.rows:
                    wanted = " or ".join(sorted(owners))
                    fail(f"{source}:{line}", f"{name} uses {other.path}, but does not link {wanted}")


def main():
    (root,) = sys.argv[1:]
    rows = read_table(root)
    files = find_files(root, rows)
    libraries = read_cmake(root)
    row_of = assign_libraries(rows, libraries)
    assign_rows(files, rows, libraries, row_of)
    resolve(files)
    check_names(root, files)
    if not errors:
        check_directly(files, rows)
    if not errors:
        check_reached(files)
        check_links(files, libraries, row_of)
    for error in errors:
        print(error)
    lines = sum(len(f.lines) for f in files.values())
    print(f"{lines} include lines in {len(files)} files checked")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
