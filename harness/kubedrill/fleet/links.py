"""Fleet: what is simulated of images: how large they are, and how fast they come over links that are shared.

A fluid model: each pull gets bytes at a rate that changes only when another begins or ends. Links are shared
max-min fair: nobody can get more without somebody who has less getting less.
"""

import random
from collections.abc import Iterable, Mapping

from kubedrill.record.fleet import Images
from kubedrill.record.fleet_lines import Loading


def size_of(image: str, images: Images) -> int:
    """Return how many bytes an image has: the same in every run."""
    drawn = random.Random(image)  # noqa: S311 - sizes, not secrets
    return max(1, round(images.size_bytes * drawn.lognormvariate(0.0, images.spread)))


def rates(images: Images, loading: Mapping[str, Loading]) -> dict[str, float]:
    """Return for each image how many bytes a second each node gets that pulls it.

    `loading` is of all nodes of the fleet. Of the registry's link each pull gets as much as any other, or as
    it wants. Nodes that send to each other (p2p) want the less of it the more of them there are; as
    in Kumar and Ross, "Peer-Assisted File Distribution: The Minimum Distribution Time" (2006), what they have
    is what the others lack. Until one has an image whole, though, all that is new comes from the registry.
    """
    sent = {image: _sent_by_peers(images, each) for image, each in loading.items()}
    wanted = {
        image: (each.pulling, _wanted(images, each, sent[image]))
        for image, each in loading.items()
        if each.pulling
    }
    return {
        image: _rate(images, loading[image], share, sent[image])
        for image, share in _shared(images.registry_link, wanted).items()
    }


def merged(parts: Iterable[Mapping[str, Loading]]) -> dict[str, Loading]:
    """Return what several processes' nodes do together."""
    total: dict[str, Loading] = {}
    for part in parts:
        for image, each in part.items():
            known = total.get(image, Loading())
            total[image] = Loading(known.pulling + each.pulling, known.whole + each.whole)
    return total


def _sent_by_peers(images: Images, loading: Loading) -> float:
    """Return what nodes can send each other of an image; nobody sends to itself."""
    others = loading.whole + (loading.pulling if loading.pulling > 1 else 0)
    return images.from_peer * others


def _wanted(images: Images, loading: Loading, sent: float) -> float:
    """Return what those that pull an image could take from the registry, all together."""
    lacking = images.node_link * loading.pulling - sent
    return max(lacking, 0.0 if loading.whole else images.node_link)


def _rate(images: Images, loading: Loading, share: float, sent: float) -> float:
    rate = min(images.node_link, (share + sent) / loading.pulling)
    return rate if loading.whole else min(rate, share)


def _shared(capacity: float, wanted: Mapping[str, tuple[int, float]]) -> dict[str, float]:
    """Return the shares of a link, max-min fair: by image, how many pull it, and what they want together."""
    shares: dict[str, float] = {}
    pulling = sum(many for many, _ in wanted.values())
    for image, (many, most) in sorted(wanted.items(), key=lambda item: item[1][1] / item[1][0]):
        shares[image] = min(most, capacity * many / pulling)
        capacity -= shares[image]
        pulling -= many
    return shares
