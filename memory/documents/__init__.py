"""Documents as text: read from untrusted bytes, cut into passages that keep their heading and page. No storage."""
