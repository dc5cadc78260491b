"""Read a cluster file: its form, then what its provider can say of it."""

from pathlib import Path

from kubedrill.cluster.definition import CHOSEN_LATER, ClusterDefinition
from kubedrill.cluster.local import flags
from kubedrill.reading.problems import Problems, dotted
from kubedrill.reading.yaml import load_checked


def read(path: Path) -> ClusterDefinition:
    """Read a cluster file; BadFile with its line for whatever is wrong in it."""
    definition, source = load_checked(path, ClusterDefinition)
    problems = Problems(source)
    for index, zone in enumerate(definition.zones):
        if zone in CHOSEN_LATER:
            message = f'zones: "{zone}" is what faults call the member that they choose themselves'
            problems.add(("zones", index), f"{message}; give the zone another name")
    if len(set(definition.zones)) < len(definition.zones):
        problems.add(("zones",), "zones: the same zone twice; give each a name of its own")
    for kind, given in definition.flags.items():
        for name, why in flags.wrong(kind, given):
            place = ("flags", kind, name)
            problems.add(place, f"{dotted(place)}: {why}")
    problems.stop()
    return definition
