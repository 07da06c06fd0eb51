"""What several modules need, about no feature in particular."""
