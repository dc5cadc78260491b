"""What a cluster of k3d's is made of."""

from kubedrill.cluster.engine import ContainerLabels

LABELS = ContainerLabels("k3d.cluster", "k3d.role")
"""By which k3d knows its containers."""
STATIC = "k3d.node.staticIP"
"""The label of a server that has the same address whenever it is started."""
SERVER = "kube-apiserver"
"""As what a server is known: what is done to its apiserver is done to all else in it, too."""
PROCESSES = ("k3s-server",)
"""What the kernel calls the process of a server."""
BALANCERS = ("nginx",)
RESTARTS = "unless-stopped"
"""By which policy the engine starts k3d's containers anew, as k3d has told it."""
