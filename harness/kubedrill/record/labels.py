"""How everything is labelled that a run creates, so that a sweep finds it."""

RUN = "kubedrill.io/run"


def labels_of(run: str) -> dict[str, str]:
    """Return the labels of everything that a run creates."""
    return {"app.kubernetes.io/managed-by": "kubedrill", RUN: run}
