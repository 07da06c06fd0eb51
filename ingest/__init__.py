"""Internals of `data_processing`: file names, text, dates, numbers, the quality audit and the series it yields."""
