"""Scores of answers, captions, yes/no judgements and stated confidences."""
