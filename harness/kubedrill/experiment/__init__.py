"""Stage: from a file that a person wrote to a checked Experiment, and on to Chaos Toolkit."""
