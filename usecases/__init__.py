"""Internals of `services`: one module per group of use cases, under the same import rules."""
