"""Regressions: two sets of runs of one drill, before a release: is the candidate better, worse, the same?"""
