"""Load: shared by workers on other machines. Locust's master and workers, with a drill's own messages."""
