"""A quote that is never closed is told where it opens, however far YAML itself reads on."""

import re
from pathlib import Path

import pytest

from kubedrill.reading.text import BadText
from kubedrill.reading.yaml_nodes import parse

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "experiments").glob("*.yaml"))
PLAIN = re.compile(r"(?P<key>\s*(?:- )?[a-z_]+: )(?P<text>[^\s\[{>|\"'#].*[^,}\]])")
"""A line with a key and a text that is the line's rest."""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("opened", ["'", '"', "\"etcd's ", "'a \"b "])
def test_in_every_line(path: Path, opened: str) -> None:
    lines = path.read_text("utf-8").splitlines()
    texts = {number: found for number, line in enumerate(lines) if (found := PLAIN.fullmatch(line))}
    assert len(texts) >= 4
    for number, found in texts.items():
        if opened[0] in found["text"]:
            continue  # that would close it
        broken = [*lines[:number], f"{found['key']}{opened}{found['text']}", *lines[number + 1 :]]
        with pytest.raises(BadText, match="a quote that is not closed") as told:
            parse("\n".join(broken))
        assert told.value.line == number + 1
