"""The user's own pictures and documents, indexed where they lie and found by words or by likeness."""
