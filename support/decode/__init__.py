"""Inside `support.decoding`: the worker process, what it is asked and what it answers. Nothing heavy is imported."""
