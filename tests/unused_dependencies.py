"""Fails where a crate names a dependency that none of its sources uses."""

import json
import pathlib
import re
import subprocess
import sys


def main() -> None:
    command = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    packages = json.loads(subprocess.check_output(command))["packages"]
    unused = []
    for package in packages:
        folder = pathlib.Path(package["manifest_path"]).parent
        code = "\n".join(re.sub("//.*", "", file.read_text()) for file in folder.rglob("*.rs"))
        for dependency in package["dependencies"]:
            name = (dependency["rename"] or dependency["name"]).replace("-", "_")
            # As the first part of a path, or in an attribute: `a::b` uses a, not b.
            if not re.search(rf"(?<!::)\b{name}(::|\s+as\b|;)", code):
                unused.append(f"{package['name']}: {dependency['name']}")
    if unused:
        sys.exit("unused dependencies:\n" + "\n".join(unused))
    print(f"{len(packages)} crates name no dependency that they do not use")


if __name__ == "__main__":
    main()
