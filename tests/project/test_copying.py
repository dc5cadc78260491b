"""`kubedrill init`: a copy to be edited, and brought up to date without losing what was edited."""

import json
from pathlib import Path

import pytest

from kubedrill import places
from kubedrill.errors import NotStarted
from kubedrill.project import copying
from kubedrill.project.copying import MANIFEST, copy_shipped

ALSO = {"docs/schema.json": "{}\n"}


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What comes with the package: three files."""
    top = tmp_path / "shipped"
    for name in ("experiments/a.yaml", "loadprofiles/b.py", "clusters/c.yaml"):
        file = top / name
        file.parent.mkdir(parents=True)
        file.write_text(f"# {name}\n")
    (top / "experiments" / "notes.txt").write_text("not shipped\n")
    monkeypatch.setattr(places, "shipped", lambda kind: top / kind)
    return top


def test_all_that_comes_with_the_package_is_copied(shipped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "drills"
    folder.mkdir()
    copied = copy_shipped(folder, ALSO)
    assert copied.written == [
        *("experiments/a.yaml", "loadprofiles/b.py", "clusters/c.yaml"),
        "docs/schema.json",
    ]
    assert (folder / "experiments" / "a.yaml").read_text() == "# experiments/a.yaml\n"
    assert not (folder / "experiments" / "notes.txt").exists()
    assert copy_shipped(folder, ALSO).written == []


def test_an_update_leaves_what_was_edited(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "drills"
    folder.mkdir()
    copy_shipped(folder, ALSO)
    monkeypatch.setattr(copying, "__version__", "99")
    edited, removed = folder / "experiments" / "a.yaml", folder / "loadprofiles" / "b.py"
    edited.write_text("# mine\n")
    removed.unlink()
    (shipped / "clusters" / "c.yaml").write_text("# newer\n")
    copied = copy_shipped(folder, ALSO)
    assert copied.kept == ["experiments/a.yaml"]
    assert copied.removed == ["loadprofiles/b.py"]
    assert copied.written == ["clusters/c.yaml"]
    assert copied.version
    assert json.loads((folder / MANIFEST).read_text())["version"] == "99"
    (shipped / "experiments" / "a.yaml").write_text("# newer\n")
    assert copy_shipped(folder, ALSO).beside == ["experiments/a.yaml"]
    assert edited.read_text() == "# mine\n"
    assert edited.with_name("a.yaml.new").read_text() == "# newer\n"
    assert copy_shipped(folder, ALSO).kept == ["experiments/a.yaml"], "it is told once"


def test_a_folder_of_somebody_elses_is_left_alone(shipped: Path, tmp_path: Path) -> None:
    file = tmp_path / "clusters" / "c.yaml"
    file.parent.mkdir()
    file.write_text("# theirs\n")
    with pytest.raises(NotStarted, match=r"c\.yaml is there already"):
        copy_shipped(tmp_path, ALSO)
    assert file.read_text() == "# theirs\n"
    assert not (tmp_path / "experiments").exists()


def test_a_manifest_that_is_none_is_told(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(NotStarted, match=MANIFEST):
        copy_shipped(tmp_path, ALSO)


def test_where_nothing_can_be_written_is_told(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "experiments").write_text("a file\n")
    with pytest.raises(NotStarted, match="experiments"):
        copy_shipped(tmp_path, ALSO)
