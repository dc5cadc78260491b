"""Faults: what is tried without letting it stop what else there is to be done."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from kubedrill.cluster.handle import HandleError
from kubedrill.words import in_a_line

T = TypeVar("T")


def attempt(act: Callable[[], str | None]) -> str:
    """Return what `act` has to say, or how it failed, in words; "" if it went well."""
    try:
        return act() or ""
    except Exception as error:  # noqa: BLE001 - a fault may be somebody else's code
        return in_words(error)


def in_words(error: Exception) -> str:
    """Return what went wrong: as the cluster's handle says it, or as Python does."""
    return str(error) if isinstance(error, HandleError) else in_a_line(error)


def each(targets: Iterable[T], act: Callable[[T], object]) -> None:
    """Do something to each of them, whatever becomes of the others; HandleError names those it failed on."""
    failed: list[str] = []
    for target in targets:

        def done(target: T = target) -> None:
            act(target)

        if why := attempt(done):
            failed.append(f"{target}: {why}")
    if failed:
        raise HandleError("; ".join(failed))
