"""What nodes are ordered to suffer: by name, or all of a zone, until when."""

from pathlib import Path

from kubedrill.clock import SECOND, now
from kubedrill.fleet.obeying import NOTHING, Orders
from kubedrill.record.fleet_lines import NodeOrder, Plight, Slowness, orders
from kubedrill.record.lines import write_typed


def order(folder: Path, name: str, plight: Plight, until_s: float = 60.0, **whom: object) -> Path:
    file = orders(folder) / f"{name}.json"
    made = {"plight": plight, "until": now() + round(until_s * SECOND), **whom}
    write_typed(file, NodeOrder.model_validate(made))
    return file


def test_orders_of_one_node_and_of_its_zone_add_up(tmp_path: Path) -> None:
    obeying = Orders(tmp_path, "b")
    assert not any(obeying.in_force())
    order(tmp_path, "1", "MemoryPressure", nodes=("n-1",))
    zonal = order(tmp_path, "2", "down", zones=("a", "b"))
    order(tmp_path, "3", "silent", zones=("c",))
    suffered = obeying.in_force()
    assert (suffered.of("n-1"), suffered.of("n-2")) == ({"MemoryPressure", "down"}, {"down"})
    zonal.unlink()
    suffered = obeying.in_force()
    assert (suffered.of("n-1"), suffered.of("n-2")) == ({"MemoryPressure"}, NOTHING)


def test_an_order_ends_by_itself(tmp_path: Path) -> None:
    obeying = Orders(tmp_path, "b")
    order(tmp_path, "1", "down", until_s=-1.0, zones=("b",))
    assert not any(obeying.in_force())


def test_an_order_that_is_given_anew_is_another(tmp_path: Path) -> None:
    obeying = Orders(tmp_path, "b")
    order(tmp_path, "1", "down", nodes=("n-1",))
    assert obeying.in_force().of("n-1") == {"down"}
    obeying.lift("n-1")
    order(tmp_path, "1", "silent", nodes=("n-1", "n-2"))
    suffered = obeying.in_force()
    assert (suffered.of("n-1"), suffered.of("n-2")) == ({"silent"}, {"silent"})


def test_those_of_a_fleet_before_it_are_taken_away_and_no_others(tmp_path: Path) -> None:
    Orders(tmp_path, "b")
    past = order(tmp_path, "1", "down", until_s=-1.0, zones=("b",))
    unreadable = past.with_name("2.json")
    unreadable.write_text("{")
    of_a_drill = order(tmp_path, "3", "down", nodes=("n-1",))
    assert Orders(tmp_path, "b").in_force().of("n-1") == {"down"}
    assert [file.exists() for file in (past, unreadable, of_a_drill)] == [False, False, True]


def test_of_several_orders_to_be_slow_the_slowest_counts(tmp_path: Path) -> None:
    obeying = Orders(tmp_path, "b")
    order(tmp_path, "1", "slow", nodes=("n-1",), delay_s=5.0, slowdown=9.0)
    longer = order(tmp_path, "2", "slow", nodes=("n-1", "n-2"), delay_s=20.0, slowdown=2.0)
    suffered = obeying.in_force()
    assert suffered.slow == {"n-1": Slowness(20.0, 9.0), "n-2": Slowness(20.0, 2.0)}
    assert suffered.of("n-1") == NOTHING, "it is slow, and nothing else"
    longer.unlink()
    assert obeying.in_force().slow == {"n-1": Slowness(5.0, 9.0)}
    obeying.lift("n-1")
    assert not any(obeying.in_force())
