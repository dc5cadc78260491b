"""What of a fleet is simulated, in words: plan and report say it."""

from kubedrill.reading.units import show
from kubedrill.record.fleet import CLUSTER, Fleet, Images


def simulated(fleet: Fleet) -> str:
    """Return what a fleet's nodes only play, with the figures that they play it by; "" of a cluster's own."""
    if fleet.engine == CLUSTER:
        return ""
    parts = [f"pods start in {show(fleet.pods.start_s, 's')}"]
    if fleet.autoscaler is not None and fleet.autoscaler.boot_s:
        spread = f"(standard deviation of the logarithm {fleet.autoscaler.spread:g})"
        parts.append(f"machines start in {show(fleet.autoscaler.boot_s, 's')} {spread}")
    if fleet.images is not None:
        parts.append(_images(fleet.images))
    if fleet.overload is not None:
        uses = f"pods use {fleet.overload.uses:g} CPUs for each that they request"
        parts.append(f"{uses}, which a node bears for {show(fleet.overload.after_s, 's')}")
    return "; ".join(parts)


def _images(images: Images) -> str:
    spread = f" (standard deviation of the logarithm {images.spread:g})" if images.spread else ""
    links = (
        f"{show(images.registry_link, 'bytes/s')} of the registry for all nodes and "
        f"{show(images.node_link, 'bytes/s')} for each"
    )
    how = {
        "plain": "",
        "on_demand": f", {show(images.loaded, 'ratio')} of them before containers start",
        "p2p": f", {show(images.from_peer, 'bytes/s')} of each for the others",
    }
    failing = f", {show(images.failing, 'ratio')} of pulls fail" if images.failing else ""
    return f"images of {show(images.size_bytes, 'bytes')}{spread} by {links}{how[images.mode]}{failing}"
