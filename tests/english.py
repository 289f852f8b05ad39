"""Checks that texts are plain English: short sentences, the subject first.

Prose of README.md, docs/, CONTRIBUTING.md and CHANGELOG.md; error texts and other sentences in Rust sources outside
tests; the comments of sql/scripts; the module headers (`//!`).

- No sentence has more than 35 words. Cells of tables and headings are sentences of their own.
- The sentences of a group have 18 words on average, at most. Headings and cells are left out of the mean: they are
  short, and would hide long sentences.
- No statement begins with "What …" or "Whoever …" as its subject. (Titles of module headers may.)

Code does not count: neither blocks nor, beyond one word, what stands in back-ticks. `--self-test` checks this script.
"""

import pathlib
import re
import sys
from typing import Iterator, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST = 35
MEAN = 18.0
# A text of fewer words is a word, a name or a fragment that is put together with others.
FRAGMENT = 6
ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|etc|vs|cf|al|no)\.$", re.I)


class Sentence(NamedTuple):
    place: str
    text: str
    # Whether it counts for the mean.
    prose: bool
    # Whether "What …" may be its subject.
    title: bool = False


def words(text: str) -> list[str]:
    return [word for word in text.split() if re.search(r"\w", word)]


def plain(text: str) -> str:
    """Text without its marks: code is one word, links are their texts."""
    text = re.sub(r"``.+?``|`[^`]+`", "code", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\[(code|[^\]]*)\](\[[^\]]*\])?", r"\1", text)
    text = re.sub(r"<?https?://\S+", "link", text)
    return re.sub(r"\*{1,2}(?=\S)(.+?)(?<=\S)\*{1,2}", r"\1", text)


def split(text: str) -> list[str]:
    """The sentences of a paragraph."""
    sentences, start = [], 0
    for end in re.finditer(r"[.!?][\"')”]*(?=\s+[\"'(“`]?[A-Z0-9a-z…$<{]|\s*$)", text):
        begun = text[start : end.end()]
        following = text[end.end() :].lstrip()
        # A full stop before a small letter belongs to an abbreviation, unless code begins the next sentence.
        if ABBREVIATIONS.search(begun) or (following[:1].islower() and not re.match(r"code\b|link\b", following)):
            continue
        sentences.append(begun.strip())
        start = end.end()
    return [sentence for sentence in [*sentences, text[start:].strip()] if words(sentence)]


def paragraph(place: str, text: str, prose: bool) -> Iterator[Sentence]:
    for sentence in split(plain(text)):
        yield Sentence(place, sentence, prose)


def markdown(name: str, lines: list[str]) -> Iterator[Sentence]:
    """The sentences of Markdown; `lines` may be those of a comment."""
    held: list[str] = []
    first = 0
    fenced = False

    def flush() -> Iterator[Sentence]:
        if held:
            yield from paragraph(f"{name}:{first}", " ".join(held), True)
            held.clear()

    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith(("```", "~~~")):
            fenced = not fenced
            yield from flush()
        elif fenced or (line.startswith("    ") and not held):
            continue
        elif not text:
            yield from flush()
        elif text.startswith("|"):
            yield from flush()
            for cell in re.split(r"(?<!\\)\|", text.strip("|")):
                yield from paragraph(f"{name}:{number}", cell.strip(" -:"), False)
        elif text.startswith("#"):
            yield from flush()
            yield from paragraph(f"{name}:{number}", text.lstrip("# "), False)
        else:
            item = re.match(r"([-*+]|\d+[.)])\s+", text)
            if item:
                yield from flush()
                text = text[item.end() :]
            if not held:
                first = number
            held.append(text)
    yield from flush()


def without_tests(code: str) -> str:
    """Rust without what follows `#[cfg(test)]` on a module, line by line."""
    found = re.search(r"^#\[cfg\(test\)\]\nmod \w+ \{", code, re.M)
    return code[: found.start()] if found else code


# No English: statements. (Lists of codes have no word of more than three letters.)
SQL = re.compile(r"\b(SELECT|CREATE TABLE|INSERT|PRAGMA|DELETE FROM|UPDATE)\b.*(\b(FROM|SET|INTO)\b|\()")
LITERAL = re.compile(
    r'//[^\n]*|r(?P<fence>#+)"(?P<raw>.*?)"(?P=fence)|b?"(?P<text>(?:[^"\\]|\\.)*)"|\'(?:[^\'\\]|\\.)\'', re.S
)


def literals(name: str, code: str) -> Iterator[Sentence]:
    """String literals that are texts for people: those of errors, descriptions and messages."""
    for found in LITERAL.finditer(code):
        text = found["text"]
        if text is None:
            continue
        text = re.sub(r"\\\n\s*", "", text).replace("\\n", "\n").replace('\\"', "'")
        # A placeholder is one word, doubled braces are one.
        text = re.sub(r"\{\{|\}\}", "", text)
        text = re.sub(r"\{[^{}]*\}", "value", text)
        place = f"{name}:{code.count(chr(10), 0, found.start()) + 1}"
        for line in text.split("\n"):
            if len(words(line)) >= FRAGMENT and not SQL.search(line) and any(len(word) > 3 for word in words(line)):
                yield from paragraph(place, line, True)


def header(name: str, code: str) -> Iterator[Sentence]:
    lines = code.split("\n")
    taken = [re.sub(r"^//! ?", "", line) if line.startswith("//!") else "" for line in lines]
    for sentence in markdown(name, taken):
        yield sentence._replace(title=True)


def script(name: str, code: str) -> Iterator[Sentence]:
    """The comments of a script. What is indented is an example, or a row of a table."""
    lines = []
    for line in code.split("\n"):
        text = re.sub(r"^\s*-- ?", "", line) if re.match(r"\s*--", line) else ""
        if text.startswith("  "):
            lines.append("")
            for cell in re.split(r"\s{2,}", text.strip()):
                yield from paragraph(f"{name}:{len(lines)}", cell, False)
        else:
            lines.append(text)
    yield from markdown(name, lines)


def groups() -> Iterator[tuple[str, list[Sentence]]]:
    def of(paths, sentences) -> list[Sentence]:
        found = []
        for path in sorted(paths):
            found += sentences(str(path.relative_to(ROOT)), path.read_text())
        return found

    def pages(name: str, text: str) -> list[Sentence]:
        return list(markdown(name, text.split("\n")))

    rust = [
        path
        for folder in ("udf", "catalog", "sql", "flight-server")
        for path in (ROOT / folder).rglob("*.rs")
        if not {"tests", "target", "golden"} & set(path.parts) and not path.stem.endswith("tests")
    ]
    yield "README.md", of([ROOT / "README.md"], pages)
    yield "docs", of((ROOT / "docs").rglob("*.md"), pages)
    yield "CONTRIBUTING.md, CHANGELOG.md", of([ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], pages)
    yield "texts in Rust", of(rust, lambda name, code: list(literals(name, without_tests(code))))
    yield "module headers", of(rust, lambda name, code: list(header(name, code)))
    yield "comments of scripts", of((ROOT / "sql" / "scripts").rglob("*.sql"), lambda name, code: list(script(name, code)))


def faults(sentence: Sentence) -> Iterator[str]:
    count = len(words(sentence.text))
    if count > LONGEST:
        yield f"{sentence.place}: {count} words, {LONGEST} at most: {sentence.text}"
    if not sentence.title and re.match(r"(What|Whoever)\s", sentence.text) and not sentence.text.rstrip("\"')").endswith("?"):
        yield f"{sentence.place}: a subject in place of \"{sentence.text.split()[0]} …\": {sentence.text}"


def self_test() -> None:
    def found(text: str) -> list[str]:
        return [fault for sentence in markdown("t", text.split("\n")) for fault in faults(sentence)]

    long = " ".join(["word"] * 36) + "."
    assert len(found(long)) == 1 and not found(long.replace("word ", "", 1))
    assert found(f"Short.\n\n```\n{long}\n```\n") == []
    assert len(found(f"| a | {long} |")) == 1, "a cell is a sentence"
    assert not found("- " + "A b c. " * 20), "sentences end"
    assert not found("- a\n" * 40), "items are apart"
    assert not found("`" + long + "` is code."), "code is one word"
    assert len(found("What it does is wrong.")) == 1 and not found("What is it?")
    assert len(found("Fine. Whoever reads this wins.")) == 1
    assert split("See e.g. this. It works, i.e. so.") == ["See e.g. this.", "It works, i.e. so."]
    code = f'#[error("{long[:-1]} {{x}}")]\n// "{long}"\n#[cfg(test)]\nmod tests {{ "{long}" }}'
    texts = list(literals("t", without_tests(code)))
    assert [len(words(text.text)) for text in texts] == [37], texts
    assert len([f for s in script("t", f"-- {long}\nSELECT 1;\n--   {long}") for f in faults(s)]) == 2
    assert mean([Sentence("t", "a b", True), Sentence("t", "a b c d", True), Sentence("t", "a", False)]) == 3.0


def mean(sentences: list[Sentence]) -> float:
    counts = [len(words(sentence.text)) for sentence in sentences if sentence.prose]
    return sum(counts) / max(len(counts), 1)


def main() -> None:
    self_test()
    if "--self-test" in sys.argv:
        print("the check finds what it should")
        return
    failed = []
    for name, sentences in groups():
        failed += [fault for sentence in sentences for fault in faults(sentence)]
        average = mean(sentences)
        print(f"{name}: {len(sentences)} sentences, {average:.1f} words on average")
        if average > MEAN:
            failed.append(f"{name}: {average:.1f} words a sentence on average, {MEAN:.0f} at most")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
