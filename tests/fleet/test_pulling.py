"""Images that nodes pull: how long they take together, and what a kubelet says of them."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from kubedrill.fleet import images as of_images
from kubedrill.fleet.images import ALL_THERE, BackOff, PulledImages, _shown
from kubedrill.fleet.pod_objects import PodShape, PodState, status_patch
from kubedrill.fleet.pulling import Pulls, Swarm, Tally
from kubedrill.record.fleet import Images
from kubedrill.record.fleet_lines import Loading

PODS: dict[str, Any] = {"metadata": {"namespace": "n", "name": "p", "uid": "u"}}
IMAGES = Images(1e6, node_link=1e7, registry_link=2e7)
"""100 ms for one or two, 50 ms more for each more at the same time."""

Start = Callable[..., Pulls]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start what one process's nodes pull, of three."""
    running = []

    def started(images: Images = IMAGES, name: str = "a", run: str = "r") -> Pulls:
        others = [other for other in "abc" if other != name]
        pulls = Pulls(images, Tally(tmp_path, run, name, others))
        running.append(gevent.spawn(pulls.run))
        return pulls

    yield started
    gevent.killall(running)


def took(*pulls: Pulls) -> float:
    """Return how long it takes until all of them have pulled an image, that began together."""
    began = time.monotonic()
    gevent.joinall([gevent.spawn(each.load, "i") for each in pulls], raise_error=True)
    return time.monotonic() - began


def test_those_that_pull_together_share_the_registry(start: Start) -> None:
    pulls = start()
    # 8 MB through 20 MB/s; it is never faster than the link, however slow the machine.
    assert took(*[pulls] * 8) >= 0.4 - 0.001
    assert pulls.pulling == 0


def test_processes_share_the_registry_too(tmp_path: Path) -> None:
    several = [Pulls(IMAGES, Tally(tmp_path, "r", name, [*{*"abc"} - {name}])) for name in "abc"]
    loading = [gevent.spawn(each.load, "i") for each in several for _ in range(8)]
    while sum(each.pulling for each in several) < len(loading):
        gevent.sleep(0.01)
    for _ in range(2):  # each tells the others, and hears of them
        for each in several:
            each._look()
    assert [each._swarms["i"].rate for each in several] == pytest.approx([2e7 / 24] * 3)
    gevent.killall(loading)
    assert not any(each.pulling for each in several)


def test_those_of_a_run_before_are_none_of_this_one(start: Start, tmp_path: Path) -> None:
    Tally(tmp_path, "before", "b", []).tell({"i": Loading(5000)})
    (tmp_path / "c.json").write_text("{", "utf-8")
    account = Tally(tmp_path, "r", "a", ["b", "c"])
    assert account.others() == []
    Tally(tmp_path, "r", "b", []).tell({"i": Loading(2, 3)})
    assert account.others() == [{"i": Loading(2, 3)}]


def test_one_that_is_given_up_leaves_its_share_to_the_others(start: Start) -> None:
    pulls = start(Images(1e9, node_link=1e7, registry_link=1e7))
    given_up = gevent.spawn(pulls.load, "i")
    while not pulls.pulling:
        gevent.sleep(0.01)
    given_up.kill()
    assert pulls.pulling == 0


def test_each_ends_when_its_bytes_have_come() -> None:
    swarm = Swarm()
    swarm.rate = 10.0
    _, first = swarm.begin(100)
    swarm.pass_by(4.0)
    _, second = swarm.begin(100)
    number, third = swarm.begin(60)
    swarm.give_up(number)
    swarm.pass_by(5.9)
    assert (first.is_set(), swarm.pulling) == (False, 2)
    assert swarm.ends_in_s == pytest.approx(0.1)
    swarm.pass_by(0.1)
    assert (first.is_set(), second.is_set(), swarm.pulling) == (True, False, 1)
    swarm.pass_by(4.0)
    assert (second.is_set(), third.is_set(), swarm.pulling) == (True, False, 0)


class Told:
    """A pod that remembers what was said of it."""

    def __init__(self, *policies: str, image: str = "i") -> None:
        containers = [
            {"name": f"c-{number}", "image": image, "imagePullPolicy": policy}
            for number, policy in enumerate(policies)
        ]
        self.shape = PodShape.of({**PODS, "spec": {"containers": containers}})
        self.state = PodState(started_at="t")
        self.is_leaving = False
        self.told: list[tuple[str, str, str]] = []
        self.written: list[str] = []

    def tell(self, reason: str, message: str, container: str = "", kind: str = "Normal") -> None:
        self.told.append((reason, message, kind))

    def write(self) -> None:
        patch = status_patch(self.shape, self.state, "", "")
        [first, *_] = patch["status"]["containerStatuses"]
        self.written.append(first["state"]["waiting"]["reason"])

    @property
    def reasons(self) -> list[str]:
        return [reason for reason, _, _ in self.told]


def test_an_image_that_is_there_is_pulled_only_where_it_always_is(start: Start) -> None:
    pulls = start()
    node = PulledImages("n", pulls)
    first, second, always = Told("IfNotPresent"), Told("IfNotPresent"), Told("Always")
    for pod in (first, second, always):
        node.fetch(pod)
    assert first.reasons == always.reasons == ["Pulling", "Pulled"]
    assert first.told[0][1] == 'Pulling image "i"'
    took = r"[0-9ms.]+ \([0-9ms.]+ including waiting\)"
    said = rf'Successfully pulled image "i" in {took}\. Image size: 1000000 bytes\.'
    assert re.fullmatch(said, first.told[1][1])
    assert second.reasons == ["Pulled"]
    assert "already present on machine" in second.told[0][1]
    assert "pulled image" in always.told[1][1]
    assert PulledImages("other", pulls)._has == set()


def test_a_node_pulls_one_at_a_time_and_each_but_once(start: Start) -> None:
    node = PulledImages("n", start())
    pods = [Told("IfNotPresent") for _ in range(3)]
    began = time.monotonic()
    gevent.joinall([gevent.spawn(node.fetch, pod) for pod in pods], raise_error=True)
    assert time.monotonic() - began >= 0.7 - 0.001  # asks for it thrice, loads it once
    assert [pod.reasons for pod in pods] == [["Pulling", "Pulled"]] * 3


def test_where_all_images_are_there_each_container_says_so() -> None:
    pod = Told("Always", "Never")
    ALL_THERE.fetch(pod)
    assert pod.reasons == ["Pulled", "Pulled"]


def test_an_image_that_is_never_pulled_and_not_there_keeps_its_pod_waiting(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_images, "LOOKS_S", 0.02)
    node, pod = PulledImages("n", start()), Told("Never")
    waiting = gevent.spawn(node.fetch, pod)
    while len(pod.told) < 4:
        gevent.sleep(0.01)
    assert pod.written == ["ErrImageNeverPull"]
    node.fetch(Told("IfNotPresent"))
    waiting.join(10)
    assert waiting.successful()
    assert pod.reasons[-1] == "Pulled"
    assert pod.state.waiting == {}


def test_a_pull_that_fails_is_backed_off_from(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_images, "LOOKS_S", 0.02)
    monkeypatch.setattr(of_images, "BACK_OFF_S", 0.3)
    node = PulledImages("n", start(Images(1e6, failing=1.0)))
    pod = Told("IfNotPresent")
    waiting = gevent.spawn(node.fetch, pod)
    while pod.reasons.count("Pulling") < 2:
        gevent.sleep(0.01)
    pod.is_leaving = True
    waiting.join(10)
    assert waiting.successful()
    assert pod.written[:3] == ["ErrImagePull", "ImagePullBackOff", "ErrImagePull"]
    failed = [
        message for reason, message, kind in pod.told if (reason, kind) == ("Failed", "Warning")
    ]
    assert failed[0].startswith('Failed to pull image "i": ')
    assert failed[1:3] == ["Error: ErrImagePull", "Error: ImagePullBackOff"]
    assert ("BackOff", 'Back-off pulling image "i"', "Normal") in pod.told
    reason, message = pod.state.waiting["c-0"]
    assert (reason, message.startswith("rpc error")) in {
        ("ErrImagePull", True),
        ("ImagePullBackOff", False),
    }


def test_as_many_pulls_fail_as_is_said_the_same_in_every_run(tmp_path: Path) -> None:
    pulls = Pulls(Images(1e6, failing=0.2), Tally(tmp_path, "r", "a", []))

    def failed() -> list[bool]:
        nodes = [PulledImages(f"n-{number}", pulls) for number in range(50)]
        return [node._fails() for _ in range(10) for node in nodes]

    times = failed()
    assert 70 <= sum(times) <= 130
    assert times == failed()


def test_a_back_off_is_doubled_up_to_five_minutes() -> None:
    back_off = BackOff()
    waits = []
    for _ in range(8):
        back_off.fail("no", 0)
        waits.append(back_off.until / 1e9)
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]


def test_a_node_that_is_off_gives_nobody_what_it_has(start: Start) -> None:
    pulls = start()
    node = PulledImages("n", pulls)
    node.fetch(Told("IfNotPresent"))
    whole = [pulls._loading()["i"].whole]
    for on in (False, False, True, True):
        node.switch(on)
        whole.append(pulls._loading()["i"].whole)
    assert whole == [1, 0, 0, 1, 1]
    again = Told("IfNotPresent")
    node.fetch(again)
    assert again.reasons == ["Pulled"], "its disk has it yet"


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0, "0ms"), (812, "812ms"), (4070, "4.07s"), (64_000, "1m4s"), (3_600_500, "1h0m0.5s")],
)
def test_durations_are_written_as_go_writes_them(milliseconds: int, shown: str) -> None:
    assert _shown(milliseconds * 1_000_000) == shown
