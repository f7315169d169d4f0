"""The page of the user's own pictures and documents."""
