"""Internals of `judging`: rubric, panels, prompt, stream, score, agreement, and the offline rubric."""
