"""An experiment with two arms, as a text."""

TWO_ARMS = """\
title: The same LIST, from the cache and from etcd
why: What it costs etcd.
cluster: local-3az
load:
  - profile: mass-list
    as: list
    rate: 10/s
    with: {resource: pods, encoding: protobuf}
phases: {warmup: 10s, steady: 20s}
slos:
  steady: [list.p99 < 1s]
variants:
  arms:
    cached:
      load[0].with.resource_version: "0"
    consistent:
      load[0].with.resource_version: unset
  slos:
    steady:
      - cached.etcd.sent_bytes <= 10% * consistent.etcd.sent_bytes
"""
