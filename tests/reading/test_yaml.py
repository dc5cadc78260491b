import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from kubedrill.errors import BadFile, NotStarted
from kubedrill.reading.text import MAX_BYTES, BadText
from kubedrill.reading.yaml import load_checked
from kubedrill.reading.yaml_nodes import dump, parse


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Seed(Part):
    pods: Annotated[int, Field(ge=0)] = 0
    share: float = 0.5


class Load(Part):
    profile: str
    name: str = Field(alias="as")
    encoding: Literal["json", "protobuf"] = "json"


class Drill(Part):
    title: Annotated[str, Field(min_length=1)]
    keep: bool = False
    seed: Seed | None = None
    load: tuple[Load, ...] = ()
    phases: dict[str, str] = {}


def read(tmp_path: Path, text: str | bytes, *overrides: str) -> Drill:
    path = tmp_path / "x.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_checked(path, Drill, overrides, closed=[("phases",)])[0]


def message(tmp_path: Path, text: str | bytes, *overrides: str) -> str:
    with pytest.raises(NotStarted) as caught:
        read(tmp_path, text, *overrides)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_good_file(tmp_path: Path) -> None:
    text = "title: a\nseed: {pods: 3}\nload:\n- {profile: p, as: l}\n- {profile: q, as: m}\n"
    drill = read(tmp_path, text)
    assert drill.seed == Seed(pods=3)
    assert [load.name for load in drill.load] == ["l", "m"]


def test_words_of_yaml_1_1_are_text(tmp_path: Path) -> None:
    value, _ = parse("a: on\nb: yes\nc: 1:30\nd: 2001-01-01\ne: 0777\nf: true\ng: 1e3\nh:\ni: 0x10")
    expected = {"a": "on", "b": "yes", "c": "1:30", "d": "2001-01-01", "e": 777}
    assert value == {**expected, "f": True, "g": 1000.0, "h": None, "i": 16}
    assert message(tmp_path, "title: a\nkeep: yes") == (
        'x.yaml:2: keep must be true or false, not the text "yes"'
    )


def test_an_alias_is_its_anchor(tmp_path: Path) -> None:
    drill = read(tmp_path, "title: &t a\nload:\n- &l {profile: *t, as: l}\n- *l\n")
    assert drill.load[0] == drill.load[1] == Load.model_validate({"profile": "a", "as": "l"})


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbftitle: a").title == "a"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.yaml:1: is empty; it needs at least title"),
        ("# only words\n", "x.yaml:1: is empty; it needs at least title"),
        ("- a", "x.yaml:1: must be a mapping (key: value), not a list"),
        ("just text", 'x.yaml:1: must be a mapping (key: value), not the text "just text"'),
        ("title: a\nb: 1\n\ntitle: c", 'x.yaml:4: key "title" is here twice, first on line 1'),
        (
            "title: a\nseed:\n  pods: 1\n  pods: 2",
            'x.yaml:4: key "pods" is here twice, first on line 3',
        ),
        ("title:\n\t- a", "x.yaml:2: broken YAML: a tab; YAML is indented with spaces"),
        ("title: a\n\tkeep: true", "x.yaml:2: broken YAML: a tab; YAML is indented with spaces"),
        ("title: 'a\n\n", "x.yaml:1: broken YAML: a quote that is not closed"),
        (
            'title: "a\nkeep: true\nseed: {pods: "1"}',
            "x.yaml:1: broken YAML: a quote that is not closed, and so ends on line 3",
        ),
        (
            "title: 'a\nkeep: true\nseed: {a: '1', b: 2}\nload: []",
            "x.yaml:1: broken YAML: a quote that is not closed, and so ends on line 3",
        ),
        ("load: [a\nb: c", 'x.yaml:1: broken YAML: a list that is not closed; add "]"'),
        ("seed: {pods: 1", 'x.yaml:1: broken YAML: a mapping that is not closed; add "}"'),
        (
            "title: a: b",
            'x.yaml:1: broken YAML: a ":" that does not fit; wrong indent, or quote it',
        ),
        ("title: a\nkeep\nload: []", 'x.yaml:3: broken YAML: a key without ":"; write key: value'),
        (
            "title: a\nseed:\n    pods: 1\n  share: 2",
            "x.yaml:4: broken YAML: wrong indent: this line fits no level above it",
        ),
        ("title: *t", "x.yaml:1: broken YAML: alias *t has no anchor &t before it"),
        ("title: @a", "x.yaml:1: broken YAML: a character that needs quotes around the text"),
        (
            "title: a\n---\ntitle: b",
            "x.yaml:2: broken YAML: more than one document; keep one (no second ---)",
        ),
        ("load: &a [*a]", "x.yaml:1: nested more than 40 levels deep; write it flatter"),
        ("a:\n" + "[" * 1000, "x.yaml:2: nested more than 40 levels deep; write it flatter"),
        (
            b"title: a\nb: \xff\n",
            "x.yaml:2: not UTF-8: byte 0xff at offset 12; save the file as UTF-8",
        ),
        ("title: a\nb: \x07", "x.yaml:2: character U+0007 is not allowed in YAML"),
        ('title: "\\ud800"', "x.yaml:1: half a surrogate pair is not text"),
        ('title: "\\e[2J"', "x.yaml:1: a control character, U+001B, in a text"),
        ('title: "\\0"', "x.yaml:1: a control character, U+0000, in a text"),
        ("title: a\u202eb", "x.yaml:1: a control character, U+202E, in a text"),
        ('title: a\n"\\r": b', "x.yaml:2: a control character, U+000D, in a text"),
        ("title: a\u2028b", "x.yaml:1: character U+2028 is not allowed in YAML"),
        ("[" + "a, " * 30_000, "x.yaml:1: more than 10,000 values; no file of ours has"),
        ('title: "\\U99999999"', "x.yaml:1: not YAML: Python int too large to convert to C int"),
        (
            "title: !!python/name:os.system x",
            (
                'x.yaml:1: tag "tag:yaml.org,2002:python/name:os.system" is not supported; '
                "write the plain value"
            ),
        ),
        ("title: a\n<<: {b: c}", "x.yaml:2: merge keys (<<) are not supported; write the keys out"),
        ("? [a]\n: b", "x.yaml:1: a key must be a word, not a list or a mapping"),
        ("title: .nan", "x.yaml:1: .nan is not a number that can be used here"),
        ("title: 1e999", "x.yaml:1: 1e999 is not a number that can be used here"),
        ("title: 99999999999999999999", "x.yaml:1: a number too large"),
    ],
)
def test_what_is_not_our_yaml(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert message(tmp_path, text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("titel: a\ntitle: a", 'x.yaml:1: unknown key "titel"; did you mean "title"?'),
        ("keep: true", 'x.yaml:1: missing key "title"'),
        ("title: 5", "x.yaml:1: title must be text, not the number 5"),
        ("title: ''", "x.yaml:1: title must not be empty"),
        ("title:\nkeep: 1", None),
        ("title: a\nseed: 5", "x.yaml:2: seed must be a mapping (key: value), not the number 5"),
        (
            "title: a\nseed:\n  pods: many",
            'x.yaml:3: seed.pods must be a whole number, not the text "many"',
        ),
        (
            "title: a\nseed: {pods: 1.5}",
            "x.yaml:2: seed.pods must be a whole number, not the number 1.5",
        ),
        ("title: a\nseed: {pods: -1}", "x.yaml:2: seed.pods must be at least 0, not -1"),
        ("title: a\nseed: {pods: true}", "x.yaml:2: seed.pods must be a whole number, not true"),
        ("title: a\nseed: {share: x}", 'x.yaml:2: seed.share must be a number, not the text "x"'),
        ("title: a\nseed: {podz: 1}", 'x.yaml:2: unknown key "podz"; did you mean "pods"?'),
        ("title: a\nload: {a: b}", "x.yaml:2: load must be a list, not a mapping"),
        (
            "title: a\nload:\n- {profile: p, as: l}\n- profile: p",
            'x.yaml:4: missing key "as" in load[1]',
        ),
        (
            "title: a\nload:\n- profile: p\n  name: l\n  as: l",
            'x.yaml:4: unknown key "name"; known: as, encoding, profile',
        ),
        (
            "title: a\nload:\n- {profile: p, as: l, encoding: jsn}",
            'x.yaml:3: load[0].encoding cannot be the text "jsn"; did you mean "json"?',
        ),
        ("title: a\nphases: {a: [1]}", "x.yaml:2: phases.a must be text, not a list"),
    ],
)
def test_what_does_not_fit_the_model(tmp_path: Path, text: str, said: str | None) -> None:
    shown = message(tmp_path, text)
    assert shown == (
        said
        or "x.yaml:1: title must be text, not nothing\n"
        "x.yaml:2: keep must be true or false, not the number 1"
    )


def test_all_errors_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "seed:\n  pods: x\nlode: 1\ntitle: 7\n"
    assert message(tmp_path, text, "keep=5").splitlines() == [
        'x.yaml:2: seed.pods must be a whole number, not the text "x"',
        'x.yaml:3: unknown key "lode"; did you mean "load"?',
        "x.yaml:4: title must be text, not the number 7",
        "--set keep: keep must be true or false, not the number 5",
    ]


def test_an_alias_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert message(tmp_path, "\n".join(lines)) == (
        "x.yaml:1: more than 10,000 values with its aliases (*name) written out; use fewer aliases"
    )


def test_a_file_of_that_size_is_none_of_ours(tmp_path: Path) -> None:
    text = "title: a\n" + "#" * MAX_BYTES
    assert message(tmp_path, text) == "x.yaml:1: larger than 256 KiB; no such file of ours is"


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is a directory; name one of the files in it") as caught:
        load_checked(tmp_path, Drill)
    assert caught.value.path == tmp_path


def test_a_file_that_is_not_there_has_a_neighbour(tmp_path: Path) -> None:
    (tmp_path / "etcd-member-kill.yaml").touch()
    path = tmp_path / "etcd-member-kil.yaml"
    with pytest.raises(BadFile) as caught:
        load_checked(path, Drill)
    assert str(caught.value) == f'{path}: no such file; did you mean "etcd-member-kill.yaml"?'


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything; what an ordinary user gets is seen as one."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("title: a")
    path.chmod(0)
    with ordinary_user(), pytest.raises(BadFile) as caught:
        load_checked(path, Drill)
    assert str(caught.value) == f"{path}: cannot be read: Permission denied"


def test_something_that_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        with pytest.raises(BadFile) as caught:
            load_checked(path, Drill)
    assert str(caught.value) == f"{path}: is a socket, not a file"


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(
        st.characters(
            codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp"], include_characters="\n\t"
        ),
        max_size=20,
    )
    | st.sampled_from(
        ["on", "1e3", "0o7", "0x1f", "1:30", "null", "~", "1.", ".5", "<<", "- a", "%"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.1~", max_size=3), inner)
    ),
    max_leaves=10,
)


@given(PLAIN)
def test_what_is_dumped_reads_back_as_it_was(value: Any) -> None:
    assert parse(dump({"key": value}))[0] == {"key": value}


@given(st.text(max_size=60))
def test_any_text_parses_or_says_why_not(text: str) -> None:
    try:
        parse(text)
    except BadText as error:
        said = str(error)
        assert said
        assert "\n" not in said


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "x.yaml: is a pipe, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "x.yaml: is a device, not a file"),
        (lambda path: path.mkdir(), "x.yaml: is a directory; name one of the files in it"),
    ],
)
def test_what_would_never_end_is_not_read(
    tmp_path: Path, make: Callable[[Path], Any], said: str
) -> None:
    make(tmp_path / "x.yaml")
    with pytest.raises(BadFile) as caught:
        load_checked(tmp_path / "x.yaml", Drill)
    assert str(caught.value) == f"{tmp_path}/{said}"


def test_no_message_repeats_a_long_text(tmp_path: Path) -> None:
    long = "x" * 100_000
    for text in (
        f"title: {{{long}: 1}}",
        f"{long}: 1",
        f"title: a\nkeep: {long}",
        f"? {long}\n: &a b",
    ):
        assert len(message(tmp_path, text)) < 500


def test_of_very_many_problems_the_first_are_told(tmp_path: Path) -> None:
    for count, more in [(250, "151"), (3000, "many")]:
        text = "".join(f"k{number}: 1\n" for number in range(count))
        lines = message(tmp_path, text).splitlines()
        assert len(lines) == 101
        assert lines[-1] == f"x.yaml:100: and {more} more problems"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pair: [a]", "x.yaml:1: pair must have 2 in it, not 1"),
        ("pair: []", "x.yaml:1: pair must have 2 in it, not 0"),
        ("pair: [a, b, c]", "x.yaml:1: pair must have at most 2 in it, not 3"),
        ("few: [a, b, c, d]", "x.yaml:1: few must have at most 3 in it, not 4"),
        ("flags: {a: [1]}", "x.yaml:1: flags.a must be text or a whole number, not a list"),
    ],
)
def test_lists_and_alternatives_in_words(tmp_path: Path, text: str, said: str) -> None:
    class Listed(Part):
        pair: tuple[str, str] | None = None
        few: Annotated[tuple[str, ...], Field(max_length=3)] = ()
        flags: dict[str, str | int] = {}

    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(BadFile) as caught:
        load_checked(path, Listed)
    assert str(caught.value) == f"{tmp_path}/{said}"
