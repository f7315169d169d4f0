"""Encoders: pictures, words and passages as vectors that can be compared."""
