"""What a signal of sound shows before anyone interprets it: pictures of its frequencies, measurements of its course."""
