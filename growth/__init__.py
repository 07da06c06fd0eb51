"""Growth of artists from daily gains: the internals of `analytics`, which is the public face."""
