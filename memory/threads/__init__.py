"""What can be done with whole conversations: finding them by words, branching, taking them out and in."""
