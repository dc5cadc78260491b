"""Faults: a fault as two plain functions, which any Chaos Toolkit file can name as actions."""

import inspect
from collections.abc import Callable
from typing import Any

from kubedrill.faults import lifecycle
from kubedrill.faults.fault import Fault

Function = Callable[..., dict[str, Any]]


def actions(kind: type[Fault]) -> tuple[Function, Function]:
    """Return the functions that inject and undo a fault, to be bound to its `functions` in its module.

    The first takes the fault's fields, then `run` (the path of a run folder) and `index` (which tells
    several faults of one run apart); the second `run` and `index`.
    """
    signature = _signature(kind)

    def inject_it(*given: Any, **named: Any) -> dict[str, Any]:
        bound = signature.bind(*given, **named)
        bound.apply_defaults()
        fields = dict(bound.arguments)
        run, index = fields.pop("run"), fields.pop("index")
        return lifecycle.inject(kind.name, fields, run, index)

    def undo_it(run: str, index: int = 0) -> dict[str, Any]:
        return lifecycle.undo(kind.name, run, index)

    inject_it.__signature__ = signature  # type: ignore[attr-defined]  # what Chaos Toolkit checks against
    inject_it.__doc__ = kind.__doc__
    undo_it.__doc__ = f"Undo {kind.name}, and wait until all is as before; may be called again."
    for action, name in zip((inject_it, undo_it), kind.functions, strict=True):
        action.__name__, action.__module__ = name, kind.__module__
    return inject_it, undo_it


def _signature(kind: type[Fault]) -> inspect.Signature:
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    fields = [
        (name, field.is_required(), field.default) for name, field in kind.model_fields.items()
    ]
    required = [inspect.Parameter(name, either) for name, needed, _ in fields if needed]
    optional = [
        inspect.Parameter(name, either, default=default)
        for name, needed, default in fields
        if not needed
    ]
    run = inspect.Parameter("run", either)
    index = inspect.Parameter("index", either, default=0)
    return inspect.Signature([*required, run, index, *optional])
