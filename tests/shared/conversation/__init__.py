"""What nodes ask of the API, request by request: a fleet's beside those of a kubelet without containers."""
