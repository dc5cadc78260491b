"""The daemon of a cluster of kind's: `python -m kubedrill.cluster.kind.daemon FOLDER`."""

from kubedrill.cluster.daemon import serve_alone
from kubedrill.cluster.kind.keeper import NodeKeeper

if __name__ == "__main__":
    serve_alone(NodeKeeper)
