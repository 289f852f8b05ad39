"""Checks what the workspace depends on: each crate uses every dependency that it names, every dependency's licence is
among those that deny.toml allows, and all of them come from the registries that deny.toml allows."""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def metadata(*options: str) -> list[dict]:
    """The packages that cargo knows of."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", *options]
    return json.loads(subprocess.check_output(command, cwd=ROOT))["packages"]


def unused(packages: list[dict]) -> list[str]:
    """Dependencies that none of a crate's sources use."""
    found = []
    for package in packages:
        folder = pathlib.Path(package["manifest_path"]).parent
        code = "\n".join(re.sub("//.*", "", file.read_text()) for file in folder.rglob("*.rs"))
        for dependency in package["dependencies"]:
            name = (dependency["rename"] or dependency["name"]).replace("-", "_")
            # As the first part of a path, or in an attribute: `a::b` uses a, not b.
            if not re.search(rf"(?<!::)\b{name}(::|\s+as\b|;)", code):
                found.append(f"{package['name']}: {dependency['name']} is not used")
    return found


def satisfied(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be met with allowed licences. `/` is the old way to write OR.

    AND binds more tightly than OR. A licence WITH an exception is one of its own, as cargo-deny takes it.
    """
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    place = 0

    def peek() -> str | None:
        return tokens[place] if place < len(tokens) else None

    def take() -> str:
        nonlocal place
        if place == len(tokens):
            raise ValueError(f"'{expression}' ends too early")
        place += 1
        return tokens[place - 1]

    def licence() -> bool:
        token = take()
        if token == "(":
            met = either()
            if take() != ")":
                raise ValueError(f"'{expression}' lacks a ')'")
            return met
        if token in (")", "AND", "OR", "WITH"):
            raise ValueError(f"'{expression}' has '{token}' where a licence is expected")
        if peek() == "WITH":
            take()
            token = f"{token} WITH {take()}"
        return token in allowed

    def both() -> bool:
        met = licence()
        while peek() == "AND":
            take()
            # Parsed in any case: what is wrong in it must not stay unseen.
            met = licence() and met
        return met

    def either() -> bool:
        met = both()
        while peek() == "OR":
            take()
            met = both() or met
        return met

    met = either()
    if peek() is not None:
        raise ValueError(f"'{expression}' has '{peek()}' where its end is expected")
    return met


def not_allowed(packages: list[dict], rules: dict) -> list[str]:
    """Packages whose licence or source deny.toml does not allow."""
    allowed = set(rules["licenses"]["allow"])
    sources = {f"registry+{source}" for source in rules["sources"]["allow-registry"]}
    found = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        source = package["source"]
        # The workspace's own crates have none.
        if source not in sources and not (source is None and is_own(package)):
            found.append(f"{name} comes from {source or package['manifest_path']}")
        expression = package["license"]
        try:
            if not expression or not satisfied(expression, allowed):
                found.append(f"{name} has the licence '{expression}'")
        except ValueError as error:
            found.append(f"{name}: the licence {error}")
    return found


def is_own(package: dict) -> bool:
    return ROOT in pathlib.Path(package["manifest_path"]).resolve().parents


def check_parser() -> None:
    """What [`satisfied`] makes of expressions, at each run."""
    allowed = {"MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"}
    for expression, expected in [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("MIT/GPL-3.0-only", True),
        ("GPL-2.0 / GPL-3.0", False),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only OR ISC", True),
        ("GPL-3.0-only AND MIT OR GPL-2.0 AND ISC", False),
        ("(GPL-3.0-only OR MIT) AND ISC", True),
        ("MIT AND (GPL-3.0-only OR (ISC AND GPL-2.0))", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT WITH LLVM-exception", False),
        ("Apache-2.0 WITH LLVM-exception AND ISC", True),
    ]:
        assert satisfied(expression, allowed) is expected, expression
    for broken in ["", "MIT OR", "MIT ISC", "(MIT", "MIT)", "AND MIT", "MIT OR (ISC"]:
        try:
            satisfied(broken, allowed)
        except ValueError:
            continue
        raise AssertionError(f"'{broken}' is taken for an expression")
    foreign = {"name": "x", "version": "1", "source": "git+https://example.com/x", "license": "GPL-3.0-only"}
    foreign["manifest_path"] = str(ROOT / "Cargo.toml")
    rules = {"licenses": {"allow": ["MIT"]}, "sources": {"allow-registry": []}}
    assert len(not_allowed([foreign], rules)) == 2, "a source and a licence are refused"


def main() -> None:
    check_parser()
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    own, all_packages = metadata("--no-deps"), metadata()
    wrong = unused(own) + not_allowed(all_packages, rules)
    if wrong:
        sys.exit("dependencies:\n" + "\n".join(wrong))
    print(
        f"{len(own)} crates name no dependency that they do not use; the licences and sources of"
        f" {len(all_packages)} packages are allowed"
    )


if __name__ == "__main__":
    main()
