"""What an audit proves: short histories of two keys, each with one thing in it that must never be."""

from collections.abc import Sequence
from typing import Any

import pytest

from kubedrill.judge.consistency import Checked, check
from kubedrill.record.audit import AnyAuditLine, Listed, Looked, Told, WatchEnded, Watching, Wrote
from kubedrill.record.sample import Outcome

KEY = "balancer"


class Story:
    """Lines as the auditor writes them, a millisecond apart unless told otherwise."""

    def __init__(self) -> None:
        self.lines: list[AnyAuditLine] = []
        self.values = 0

    def _add(self, kind: Any, client: str, /, **told: Any) -> Any:
        number = len(self.lines)
        began = {"began": number * 1000 + 500} if "began" in kind.model_fields else {}
        line = kind(time=(number + 1) * 1000, number=number, client=client, **{**began, **told})
        self.lines.append(line)
        return line

    def write(self, base: int, version: int = 0, outcome: int = 200, **told: Any) -> str:
        """Write a new value; acknowledged unless the outcome is another."""
        self.values += 1
        value = told.pop("value", f"run/{self.values}")
        self._add(
            Wrote, KEY, key=KEY, value=value, base=base, outcome=outcome, version=version, **told
        )
        return value

    def look(self, version: int, value: str, client: str = KEY, **told: Any) -> None:
        given = {"key": KEY, "cached": False, "outcome": 200, **told}
        self._add(Looked, client, version=version, value=value, **given)

    def list(self, version: int, shown: tuple[int, str], client: str = KEY) -> None:
        self._add(Listed, client, version=version, keys={KEY: shown})

    def watch(self, since: int, *events: tuple[int, str], client: str = KEY) -> None:
        """Tell of these events (without a value: a bookmark) in a watch that then ends."""
        self._add(Watching, client, since=since)
        for version, value in events:
            kind = "MODIFIED" if value else "BOOKMARK"
            key = KEY if value else ""
            self._add(Told, client, kind=kind, key=key, version=version, value=value)
        self._add(WatchEnded, client, why="in order")

    def found(self) -> Checked:
        return check(self.lines)


def kinds(story: Story) -> list[str]:
    return [violation.kind for violation in story.found().violations]


@pytest.fixture
def story() -> Story:
    """Return three acknowledged writes, at 11, 13 and 15, of a key that stood at 10."""
    story = Story()
    story.look(10, "old")
    for base, version in ((10, 11), (11, 13), (13, 15)):
        story.write(base, version)
    return story


def told(*versions: int) -> Sequence[tuple[int, str]]:
    values = {11: "run/1", 13: "run/2", 15: "run/3"}
    return [(version, values.get(version, "")) for version in versions]


def test_what_an_honest_api_tells_is_right(story: Story) -> None:
    story.list(15, (15, "run/3"), client="apiserver-a")
    story.watch(10, *told(11, 13))
    story.watch(13, *told(15, 20))
    story.watch(15, client="apiserver-a")
    story.look(11, "run/1", cached=True)
    story.look(15, "run/3", client="apiserver-a")
    assert story.found() == Checked()


@pytest.mark.parametrize(
    ("events", "kind", "words"),
    [
        ((11, 15), "watch gap", "was not told before version 15"),
        ((11, 13, 14), "", ""),  # a bookmark of before the last write: it is still to come
        ((11, 13, 16), "watch gap", "before version 16"),  # a bookmark closes what is before it
        ((11, 11, 13, 15), "duplicate event", "a second time"),
        ((13, 11, 15), "event out of order", "after version 13"),
        ((11, 14, 13, 15), "event out of order", "after version 14"),
    ],
)
def test_a_watch_tells_each_version_once_in_order(
    story: Story, events: Sequence[int], kind: str, words: str
) -> None:
    story.look(15, "run/3")
    story.watch(10, *told(*events), client="apiserver-a")
    found = story.found().violations
    assert [violation.kind for violation in found] == ([kind] if kind else [])
    assert all(words in violation.words for violation in found)


def test_a_watch_that_goes_on_must_not_tell_again(story: Story) -> None:
    story.look(15, "run/3")
    story.watch(10, *told(11, 13))
    story.watch(13, *told(13, 15))
    assert kinds(story) == ["duplicate event"]


def test_what_was_written_between_two_lists_no_watch_must_tell(story: Story) -> None:
    story.watch(10, *told(11))
    story.list(15, (15, "run/3"))
    story.watch(15)
    assert kinds(story) == []


def test_a_quorum_read_that_is_behind_an_acknowledgement_is_stale(story: Story) -> None:
    story.look(13, "run/2", client="apiserver-b")
    story.look(15, "run/3")
    [violation] = story.found().violations
    assert violation.kind == "stale read"
    assert violation.words.startswith(
        'apiserver-b read version 13, "run/2", though before it began'
    )


def test_a_quorum_read_that_is_behind_another_is_stale(story: Story) -> None:
    unknown = story.write(15, outcome=int(Outcome.TIMEOUT))
    story.look(17, unknown, client="apiserver-a")
    story.look(15, "run/3", client="apiserver-b")
    [violation] = story.found().violations
    assert violation.kind == "stale read"
    assert violation.words == (
        'apiserver-b read version 15, "run/3", though before it began '
        'apiserver-a read version 17, "run/4"'
    )
    assert violation.lines == [6, 7]
    assert violation.key == KEY


def test_so_is_one_that_is_behind_an_event(story: Story) -> None:
    unknown = story.write(15, outcome=int(Outcome.TIMEOUT))
    story.watch(13, *told(15), (17, unknown), client="apiserver-a")
    story.look(15, "run/3")
    assert kinds(story) == ["stale read"]


def test_what_was_in_flight_at_the_same_time_may_be_behind(story: Story) -> None:
    began = story.lines[-1].time - 1
    story.look(15, "run/3")
    story.look(13, "run/2", client="apiserver-b", began=began)
    assert kinds(story) == []


def test_a_read_from_the_cache_may_be_behind(story: Story) -> None:
    story.look(15, "run/3")
    story.look(11, "run/1", cached=True)
    assert kinds(story) == []


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.RESET, Outcome.EOF, 500, 504])
@pytest.mark.parametrize("happened", [True, False])
def test_a_write_of_unknown_outcome_may_have_happened(
    story: Story, outcome: int, happened: bool
) -> None:
    value = story.write(15, outcome=int(outcome))
    seen = (17, value) if happened else (15, "run/3")
    story.look(*seen)
    story.watch(13, *told(15), *([seen] if happened else []))
    assert kinds(story) == []


@pytest.mark.parametrize("outcome", [409, 403, 429, Outcome.REFUSED])
def test_a_refused_one_may_not(story: Story, outcome: int) -> None:
    value = story.write(15, outcome=int(outcome))
    story.look(17, value)
    assert kinds(story) == ["refused write"]


def test_an_acknowledged_write_that_a_later_read_does_not_show_is_lost(story: Story) -> None:
    story.look(15, "run/3")
    story.write(15, 17)
    story.look(15, "run/3")
    story.write(15, 18)
    story.look(18, "run/5")
    [violation] = story.found().violations
    assert (violation.kind, violation.version) == ("lost write", 17)
    assert violation.words.startswith('balancer\'s write version 17, "run/4", and then')
    assert violation.lines == [6, 7]


def test_so_is_one_that_a_watch_went_by(story: Story) -> None:
    story.watch(11, *told(13), (20, ""), client="apiserver-a")
    [violation] = story.found().violations
    assert (violation.kind, violation.version) == ("lost write", 15)


def test_one_that_a_later_write_replaced_was_there(story: Story) -> None:
    story.write(15, 17)
    story.look(17, "run/4")
    assert story.found() == Checked()


def test_of_one_that_nobody_looked_for_nothing_is_known(story: Story) -> None:
    checked = story.found()
    assert checked.violations == ()
    assert [write.version for write in checked.unproven] == [15]


@pytest.mark.parametrize(
    ("version", "value", "kind"),
    [
        (17, "somebody's", "foreign value"),
        (9, "older", ""),  # of before the drill
        (13, "run/3", "two values"),
        (16, "run/3", "two versions"),
    ],
)
def test_values_are_those_that_were_written(
    story: Story, version: int, value: str, kind: str
) -> None:
    story.look(15, "run/3")
    story.look(version, value, cached=True)
    assert kinds(story) == ([kind] if kind else [])


def test_two_lines_that_show_two_values_for_one_version_contradict_each_other() -> None:
    story = Story()
    story.look(5, "a")
    story.look(5, "b", client="apiserver-a")
    [violation] = story.found().violations
    assert (violation.kind, violation.lines) == ("two values", [1, 2])


@pytest.mark.parametrize(("version", "kind"), [(15, "two values"), (12, "no new version")])
def test_an_acknowledgement_gives_a_new_version(story: Story, version: int, kind: str) -> None:
    story.write(15, version)
    story.look(15, "run/3")
    assert kind in kinds(story)


def test_a_key_that_somebody_deletes_is_told(story: Story) -> None:
    story.look(15, "run/3")
    story._add(Watching, "apiserver-a", since=15)
    story._add(Told, "apiserver-a", kind="DELETED", key=KEY, version=16, value="run/3")
    assert "foreign value" in kinds(story)
