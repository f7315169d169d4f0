"""What lasts: the image store, conversations, and the lock on the data directory."""
