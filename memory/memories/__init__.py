"""What vistalk remembers of its user from one conversation to the next: facts and pictures, each with its origin."""
