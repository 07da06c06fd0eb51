"""The parts of `support.charts`."""
