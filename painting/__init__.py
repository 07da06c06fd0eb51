"""Pictures painted by code: colours, air, scenes, styles, type on them, and cards."""
