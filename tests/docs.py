"""Runs every command of README.md and of the pages below docs/, so that they stay true.

    tests/docs.py                        README.md, then every page
    tests/docs.py docs/guides/leads.md   README.md, then this page

README.md runs first and makes the demo's warehouse. Each page then starts with `demo-warehouse` as the demo left it and
nothing else, so that no page needs another one. The working directory is a temporary one that shows the repository's
files. The program is the one that SPOTQL_BIN names, by default `target/release/spotql`.

Blocks, by the word after the three back-ticks:

- `sh` runs in bash. Variables that it exports hold for the page's later blocks. A block that consists of
  `spotql serve …` starts a server, which runs until the page ends.
- `sql` runs through `spotql sql`, on the demo's warehouse or the one that SPOTQL_WAREHOUSE names.
- `python` runs in the interpreter of this script.
- `output` is the exact standard output of the block before it; `…` at the end of a line stands for the lines that
  are left out.
- `text` is shown and not run.

A block that names ../shared is skipped where that folder is absent, and with it the rest of the page: the page says so.
Links between the pages are checked first.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SHARED = ROOT.parent / "shared"
HIDDEN = {".git", "target", "warehouse", "demo-warehouse"}
# The test command itself cannot be run from within.
NOT_FROM_HERE = {"tests/run.sh"}
# What `cargo demo` stands for (.cargo/config.toml), without building anything.
ALIASES = {"cargo demo": "spotql demo", "cargo build --release --locked": "true"}


def pages() -> list[pathlib.Path]:
    return sorted((ROOT / "docs").rglob("*.md"))


def blocks(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


def anchors(page: pathlib.Path) -> set[str]:
    """The names by which GitHub links to a page's headings."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", prose, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: pathlib.Path) -> list[str]:
    broken = []
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(f"{page.relative_to(ROOT)}: the link to {target} leads nowhere")
    return broken


class Page:
    """A page's blocks, run in order."""

    def __init__(self, page: pathlib.Path, work: pathlib.Path, environment: dict[str, str]):
        self.page = page
        self.work = work
        self.environment = environment
        self.servers: list[subprocess.Popen] = []
        self.printed = ""
        self.count = 0

    def run(self) -> int:
        print(f"\n== {self.page.relative_to(ROOT)}", flush=True)
        try:
            for language, body in blocks(self.page.read_text()):
                if "../shared" in body and not SHARED.exists():
                    print("skipped, and what follows: ../shared is absent for\n" + body)
                    break
                block = getattr(self, language, None) if language in {"sh", "sql", "python", "output"} else None
                if block:
                    block(body)
                    self.count += 1
        finally:
            for server in self.servers:
                server.terminate()
                server.wait(timeout=20)
        return self.count

    def sh(self, body: str) -> None:
        lines = [line for line in body.splitlines() if line.strip() not in NOT_FROM_HERE]
        script = "\n".join(lines)
        for alias, command in ALIASES.items():
            script = script.replace(alias, command)
        if re.fullmatch(r"spotql serve [^\n&;|]*", script.strip()):
            return self.serve(script)
        state = self.work / ".environment"
        self.execute(["bash", "-euo", "pipefail", "-c", f"{script}\nenv -0 > {state}"], script)
        self.environment = dict(item.split("=", 1) for item in state.read_text().split("\0") if item)

    def serve(self, command: str) -> None:
        print("$", command.strip(), flush=True)
        server = subprocess.Popen(
            shlex.split(command), cwd=self.work, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self.servers.append(server)
        line = server.stdout.readline()
        assert "listening" in line, f"the server said {line!r} in place of its address"

    def sql(self, body: str) -> None:
        warehouse = self.environment.get("SPOTQL_WAREHOUSE", "demo-warehouse")
        self.execute(["spotql", "sql", "--warehouse", warehouse, body], body)

    def python(self, body: str) -> None:
        self.execute([sys.executable, "-c", body], body)

    def output(self, body: str) -> None:
        shown, printed = body.splitlines(), [line.rstrip() for line in self.printed.splitlines()]
        for number, line in enumerate(shown):
            if line == "…":
                return
            found = printed[number] if number < len(printed) else "(nothing)"
            assert line.rstrip() == found, f"{self.page}: the page shows\n{line}\nand the program printed\n{found}"
        assert len(shown) == len(printed), f"{self.page}: the program printed more:\n" + "\n".join(printed)

    def execute(self, command: list[str], shown: str) -> None:
        print("$", shown.strip(), flush=True)
        done = subprocess.run(command, cwd=self.work, env=self.environment, stdout=subprocess.PIPE, text=True)
        self.printed = done.stdout
        print(done.stdout, end="", flush=True)
        assert done.returncode == 0, f"{self.page.relative_to(ROOT)}: exit status {done.returncode} of\n{shown}"


def fill(work: pathlib.Path, program: pathlib.Path) -> None:
    """A folder that looks like the repository's, with nothing of what commands leave there."""
    built = work / "target" / "release"
    built.mkdir(parents=True)
    (built / "spotql").symlink_to(program)
    for entry in ROOT.iterdir():
        if entry.name not in HIDDEN:
            (work / entry.name).symlink_to(entry)


def main() -> None:
    chosen = [pathlib.Path(name).resolve() for name in sys.argv[1:]] or pages()
    broken = [line for page in [README, *pages()] for line in broken_links(page)]
    if broken:
        sys.exit("\n".join(broken))
    size = len(README.read_bytes())
    assert size <= 8192, f"README.md has {size} bytes, and 8192 at most are wanted"
    program = ROOT / os.environ.get("SPOTQL_BIN", "target/release/spotql")
    taken, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        work, demo = base / "spotql", base / "demo-warehouse"
        if SHARED.exists():
            (base / "shared").symlink_to(SHARED)
        path = f"{work}/target/release:{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SPOTQL_")}
        environment["PATH"] = path
        for page in [README, *(page for page in chosen if page != README)]:
            fill(work, program)
            if page != README:
                shutil.copytree(demo, work / "demo-warehouse")
            started = time.monotonic()
            count += Page(page, work, dict(environment)).run()
            taken.append((time.monotonic() - started, page))
            if page == README:
                shutil.copytree(work / "demo-warehouse", demo)
            shutil.rmtree(work)
    print()
    for seconds, page in taken:
        print(f"{seconds:6.1f} s  {page.relative_to(ROOT)}")
    print(f"{count} passed, 0 failed")
    assert count > 0, "there are no commands"


if __name__ == "__main__":
    main()
