"""Background music from a wish: vocabulary, plan, score, sound. The internals of `composer`."""
