"""The page of the pictures that vistalk drew."""
