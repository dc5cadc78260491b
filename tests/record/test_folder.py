from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from kubedrill.record.folder import RunFolder

NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def test_a_run_has_its_start_as_its_name(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "reports", "etcd-member-kill", NOON)
    assert folder.path == tmp_path / "reports" / "etcd-member-kill" / "20260131T120000Z"
    assert folder.run == "20260131T120000Z"
    assert all(path.is_dir() for path in (folder.samples, folder.metrics, folder.logs))


def test_latest_points_to_the_last_one_and_may_be_moved_with_it(tmp_path: Path) -> None:
    first = RunFolder.create(tmp_path, "x", NOON)
    second = RunFolder.create(tmp_path, "x", NOON.replace(hour=13))
    latest = tmp_path / "x" / "latest"
    assert latest.resolve() == second.path
    assert not latest.readlink().is_absolute()
    assert sorted(file.name for file in (tmp_path / "x").iterdir()) == [
        first.run,
        second.run,
        "latest",
    ]


def test_runs_of_one_second_do_not_share_a_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: RunFolder.create(tmp_path, "x", NOON).run, range(8)))
    assert sorted(made) == [
        "20260131T120000Z",
        *(f"20260131T120000Z-{number}" for number in range(2, 9)),
    ]
    assert (tmp_path / "x" / "latest").resolve().name in made


def test_no_two_files_of_a_run_are_the_same(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    names = [name for name, kind in vars(RunFolder).items() if isinstance(kind, property)]
    paths = [path for name in names if isinstance(path := getattr(folder, name), Path)]
    assert len(paths) > 15
    assert len(set(paths)) == len(paths)
    assert all(path.parent in (tmp_path, folder.metrics, folder.samples) for path in paths)


def test_latest_is_the_run_before_one_that_is_removed(tmp_path: Path) -> None:
    first, second, third = (
        RunFolder.create(tmp_path, "x", NOON.replace(hour=hour)) for hour in (12, 13, 14)
    )
    latest = tmp_path / "x" / "latest"
    second.remove()
    assert latest.resolve() == third.path
    third.remove()
    assert latest.resolve() == first.path
    first.remove()
    assert list((tmp_path / "x").iterdir()) == []
