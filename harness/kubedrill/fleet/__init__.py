"""Stage: hollow nodes: each is to the API what a kubelet is, and nothing runs on it."""
