"""A folder of one's own: what comes with the package, copied to be edited; and files that are begun anew."""

from kubedrill.project.beginning import KINDS, begin
from kubedrill.project.copying import Copied, copy_shipped

__all__ = ["KINDS", "Copied", "begin", "copy_shipped"]
