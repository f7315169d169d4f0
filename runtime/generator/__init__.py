"""Pictures from words, and from other pictures: an order goes in, drawings come out."""
