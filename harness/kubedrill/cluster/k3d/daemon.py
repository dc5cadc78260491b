"""The daemon of a cluster of k3d's: `python -m kubedrill.cluster.k3d.daemon FOLDER`."""

from kubedrill.cluster.daemon import serve_alone
from kubedrill.cluster.k3d.keeper import ServerKeeper

if __name__ == "__main__":
    serve_alone(ServerKeeper)
