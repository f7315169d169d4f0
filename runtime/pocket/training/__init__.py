"""What the pocket model learns from, and how it is trained."""
