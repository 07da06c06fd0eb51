"""What a text says: words, sentences, emotion, topic, scene. The internals of `text_analysis`."""
