# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the site needs beyond Markdown; MkDocs calls these functions.

Pages link to files of the source tree outside of docs/, and those that are
Markdown link back, which works wherever the tree is shown. For the site, each such
file becomes a page below source/ with its text, each folder a page with the names
of its files, and links are rewritten. A link to nothing stays as it is, and MkDocs
complains about it.
"""

import os
import re

from mkdocs.structure.files import File

# A link or an image, but not a word behind its closing bracket.
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\()([^()\s#]+)(#[^()\s]*)?\)")
# An image for light and one for dark pages. The site has a switch of its own, for
# which its theme looks at the end of the address.
PICTURE = re.compile(
    r'<picture>\s*<source [^>]*dark[^>]* srcset="([^"]+)">\s*<img src="([^"]+)" alt="([^"]*)">\s*</picture>'
)
FENCE = re.compile(r"^(```.*?^```[^\n]*$)", re.M | re.S)
LANGUAGES = {".h": "cpp", ".cpp": "cpp", ".py": "python", ".json": "json", ".mlir": "text", ".sh": "bash", "": "bash"}

# Set by on_files: the root of the source tree and the pages made of its files.
root = ""
source_pages = {}


def tree_path(src_uri):
    """Where the text of a page lies in the source tree."""
    for path, uri in source_pages.items():
        if uri == src_uri:
            return path
    return "docs/" + src_uri


def links_of(markdown):
    prose = FENCE.sub("", markdown)
    return [match.group(2) for match in LINK.finditer(prose) if not re.match(r"[a-z]+:", match.group(2))]


def resolve(path, link):
    """The file of the source tree that a page at `path` means by a link."""
    return os.path.normpath(os.path.join(os.path.dirname(path), link)).replace(os.sep, "/")


def page_for(path):
    full = os.path.join(root, path)
    if path.endswith(".md"):
        with open(full, encoding="utf-8") as f:
            return f.read()
    if os.path.isdir(full):
        readme = os.path.join(full, "README.md")
        if os.path.exists(readme):
            with open(readme, encoding="utf-8") as f:
                return f.read()
        names = sorted(name + ("/" if os.path.isdir(os.path.join(full, name)) else "") for name in os.listdir(full))
        return f"# {path}\n\n" + "".join(f"- `{name}`\n" for name in names if not name.startswith("."))
    with open(full, encoding="utf-8") as f:
        text = f.read()
    language = LANGUAGES.get(os.path.splitext(path)[1], "text")
    return f"# {os.path.basename(path)}\n\n`{path}`\n\n~~~~{language}\n{text}\n~~~~\n"


def uri_for(path):
    if path.endswith(".md"):
        return "source/" + path
    if os.path.isdir(os.path.join(root, path)):
        return f"source/{path}/index.md"
    return f"source/{path}.md"


def on_files(files, config):
    global root
    root = os.path.dirname(config.config_file_path)
    source_pages.clear()
    todo = []
    for file in files.documentation_pages():
        if os.path.exists(file.abs_src_path):
            with open(file.abs_src_path, encoding="utf-8") as f:
                todo.append(("docs/" + file.src_uri, f.read()))
    while todo:
        path, markdown = todo.pop()
        for link in links_of(markdown):
            target = resolve(path, link)
            inside = target.startswith(("docs/", "..", "/"))
            if inside or target in source_pages or not os.path.exists(os.path.join(root, target)):
                continue
            source_pages[target] = uri_for(target)
            text = page_for(target)
            page = File.generated(config, uri_for(target), content=text)
            page.inclusion = page.inclusion.NOT_IN_NAV
            files.append(page)
            if target.endswith(".md") or os.path.exists(os.path.join(root, target, "README.md")):
                todo.append((target if target.endswith(".md") else target + "/README.md", text))
    return files


def on_page_markdown(markdown, page, config, files):
    here = tree_path(page.file.src_uri)
    if os.path.isdir(os.path.join(root, here)):
        here += "/README.md"

    def rewrite(match):
        head, link, anchor = match.group(1), match.group(2), match.group(3) or ""
        if re.match(r"[a-z]+:", link):
            return match.group(0)
        target = resolve(here, link)
        uri = source_pages.get(target) or (target[5:] if target.startswith("docs/") else None)
        if not uri:
            return match.group(0)
        # A file's name as the text of a link is for readers of the Markdown.
        head = re.sub(r"^\[([\w/-]+)\.md\]\($", r"[\1](", head)
        relative = os.path.relpath(uri, os.path.dirname(page.file.src_uri) or ".").replace(os.sep, "/")
        return f"{head}{relative}{anchor})"

    parts = FENCE.split(PICTURE.sub(r"![\3](\2#only-light)\n![\3](\1#only-dark)", markdown))
    # Every second part is a fenced block.
    return "".join(part if i % 2 else LINK.sub(rewrite, part) for i, part in enumerate(parts))
