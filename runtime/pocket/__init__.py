"""The pocket preset's own models: their weights, their cards, and how they are put together."""
