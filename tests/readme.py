"""Runs every command of README.md, so that the README stays true.

Blocks marked `sh` run one after the other in one shell; blocks marked `sql` run through
`spotql sql` on the demo's warehouse; blocks marked `python` run while a server is up. The working
directory is a temporary one that shows the repository's files, so nothing is left behind. The program is
the one that SPOTQL_BIN names, whatever the commands call it; by default `target/release/spotql`.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The test command itself cannot be run from within.
NOT_FROM_HERE = {"tests/run.sh"}


def blocks(text: str):
    for language, body in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        yield language, body


def run(command, cwd, **options):
    print("$", command if isinstance(command, str) else " ".join(command), flush=True)
    return subprocess.run(command, cwd=cwd, check=True, **options)


def main() -> None:
    readme = list(blocks((ROOT / "README.md").read_text()))
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder) / "spotql"
        work.mkdir()
        for entry in ROOT.iterdir():
            if entry.name not in {".git", "target", "warehouse", "demo-warehouse"}:
                (work / entry.name).symlink_to(entry)
        shared = ROOT.parent / "shared"
        if shared.exists():
            (work.parent / "shared").symlink_to(shared)
        program = work / "target" / "release" / "spotql"
        program.parent.mkdir(parents=True)
        program.symlink_to(ROOT / os.environ.get("SPOTQL_BIN", "target/release/spotql"))
        environment = {**os.environ, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
        for language, body in readme:
            if language == "sh":
                lines = [line for line in body.splitlines() if line.strip() not in NOT_FROM_HERE]
                script = "\n".join(lines).replace("cargo run --release --", "target/release/spotql")
                if "../shared" in script and not shared.exists():
                    print("skipped: ../shared is absent for\n" + body)
                    continue
                run(["bash", "-euo", "pipefail", "-c", script], work, env=environment)
            elif language == "sql":
                run([str(program), "sql", "--warehouse", "demo-warehouse", body], work)
            elif language == "python":
                server = subprocess.Popen(
                    [str(program), "serve", "--warehouse", "demo-warehouse"],
                    cwd=work,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                try:
                    assert "listening" in server.stdout.readline()
                    run([sys.executable, "-c", body], work)
                finally:
                    server.terminate()
                    server.wait(timeout=20)
            else:
                continue
            count += 1
    print(f"{count} passed, 0 failed")
    assert count > 0, "README.md has no commands"


if __name__ == "__main__":
    main()
