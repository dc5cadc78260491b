"""What messages repeat and suggest, whatever somebody wrote."""

import time

from kubedrill.words import did_you_mean, few, shown


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("etcd.kil", ["etcd.kill", "faults"]) == '; did you mean "etcd.kill"?'
    assert did_you_mean("x", ["b", "a"]) == "; known: a, b"


def test_among_thousands_of_names_it_does_not_search_for_long() -> None:
    names = [f"p{number:05}" for number in range(10_000)]
    begin = time.process_time()
    said = {did_you_mean(f"q{number}", names) for number in range(300)}
    assert time.process_time() - begin < 60  # 0.5 s, where comparing with each of them takes 300
    assert len(said) == 1
    assert said.pop().startswith("; known: p00000, p00001, ")


def test_what_is_repeated_is_a_line_of_some_length() -> None:
    assert shown("a\nb\x1b") == "a\\nb\\x1b"
    assert len(shown("x" * 100_000)) == 60
    assert len(shown("x" * 100_000, 1_000)) == 1_000


def test_of_many_names_the_first_ones_stand_in_a_line() -> None:
    names = [f"node/node-a-{number}" for number in range(18)]
    assert few(", ".join(names[:4])) == ", ".join(names[:4])
    assert few(f"hit {', '.join(names)}: as ordered") == (
        "hit node/node-a-0, node/node-a-1, node/node-a-2, 15 more: as ordered"
    )
    assert few("no, this is a text, as others are, too") == "no, this is a text, as others are, too"
