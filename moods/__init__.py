"""Mood tags, their vectors, and the search for songs by them."""
