"""`--set key=value`: what it reaches, and what it says where it leads nowhere."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from kubedrill.errors import NotStarted
from kubedrill.reading.yaml import load, load_checked


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Seed(Part):
    pods: Annotated[int, Field(ge=0)] = 0
    share: float = 0.5


class Load(Part):
    profile: str
    name: str = Field(alias="as")


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


BASE = "title: a\nseed: {pods: 1}\nphases: {fault: 60s}\nload:\n- {profile: p, as: l}\n"


def test_overrides_replace_append_and_make_what_is_missing(tmp_path: Path) -> None:
    drill = read(tmp_path, BASE, "seed.pods=7", "load[0].as=m", "load[1]={profile: q, as: n}")
    assert drill.seed == Seed(pods=7)
    assert [(load.profile, load.name) for load in drill.load] == [("p", "m"), ("q", "n")]
    assert read(tmp_path, "title: a", "seed.pods=7").seed == Seed(pods=7)
    assert read(tmp_path, BASE, "phases.fault=5s", "load=[]").phases == {"fault": "5s"}


def test_a_list_on_the_way_that_is_missing_is_made(tmp_path: Path) -> None:
    drill = read(tmp_path, "title: a", "load[0].profile=p", "load[0].as=l")
    assert [(load.profile, load.name) for load in drill.load] == [("p", "l")]


@pytest.mark.parametrize("written", ["cluster: c", "cluster: {name: c}", "title: a"])
def test_a_text_that_stands_short_for_a_mapping_is_spelt_out(tmp_path: Path, written: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"{written}\n")
    options = ["cluster.flags.v=4"]
    value, source = load(path, Drill, options, short={("cluster",): "name"})
    named = {} if written == "title: a" else {"name": "c"}
    assert value["cluster"] == named | {"flags": {"v": 4}}
    assert source.place(("cluster", "flags")).option == "--set cluster.flags.v"
    assert source.place(("cluster", "name")).line == (None if not named else 1)


def test_a_key_with_dots_is_found_as_a_whole(tmp_path: Path) -> None:
    class Faults(Part):
        faults: tuple[dict[str, dict[str, Any]], ...]

    path = tmp_path / "x.yaml"
    path.write_text("faults:\n- etcd.kill: {member: leader}\n")
    read, source = load_checked(path, Faults, ["faults[0].etcd.kill.member=b"])
    assert read.faults == ({"etcd.kill": {"member": "b"}},)
    assert (
        source.place(("faults", 0, "etcd.kill", "member")).option
        == "--set faults[0].etcd.kill.member"
    )
    assert source.place(("faults", 0, "etcd.kill")).line == 2


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("phases.falt=30s", '--set phases.falt: unknown key "falt"; did you mean "fault"?'),
        ("phasess.fault=30s", '--set phasess.fault: unknown key "phasess"; did you mean "phases"?'),
        ("laod[0].as=m", '--set laod[0].as: unknown key "laod"; did you mean "load"?'),
        ("seed.pod=3", '--set seed.pod: unknown key "pod"; did you mean "pods"?'),
        (
            "seed.pods=many",
            '--set seed.pods: seed.pods must be a whole number, not the text "many"',
        ),
        ("seed.pods[0]=3", '--set seed.pods[0]: "seed.pods" is the number 1, not a list'),
        ("seed.pods.x=3", '--set seed.pods.x: "seed.pods" is the number 1, not a mapping'),
        ("load.as=3", '--set load.as: "load" is a list, not a mapping'),
        ("[0]=3", "--set [0]: the file is a mapping, not a list"),
        ("load[5].as=m", '--set load[5].as: "load" ends before [5]'),
        ("load[x]=m", "--set load[x]: write the key as in load[0].rate"),
        ("load..as=m", "--set load..as: write the key as in load[0].rate"),
        ("title", '--set title: write key=value, such as "phases.fault=30s"'),
        ("=3", '--set =3: write key=value, such as "phases.fault=30s"'),
        ("title=", "--set title: title must be text, not nothing"),
        ("title=[a", '--set title: broken YAML: a list that is not closed; add "]"'),
        (
            "a" + ".a" * 5000 + "=1",
            f"--set {'a.' * 28}a...: nested more than 40 levels deep; write it flatter",
        ),
        ("load[٣].as=m", "--set load[٣].as: write the key as in load[0].rate"),
        (
            "load[99999999999999].as=m",
            "--set load[99999999999999].as: write the key as in load[0].rate",
        ),
        ("\x1b[2J=m", "--set \\x1b[2J: write the key as in load[0].rate"),
        ('title="\\e[2J"', "--set title: a control character, U+001B, in a text"),
        ("seed={pods: x}", '--set seed: seed.pods must be a whole number, not the text "x"'),
    ],
)
def test_an_override_that_leads_nowhere(tmp_path: Path, override: str, said: str) -> None:
    assert message(tmp_path, BASE, override) == said
