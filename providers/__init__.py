"""Outside services, one per file; what works without a network is domain code. Nothing heavy is imported here."""
