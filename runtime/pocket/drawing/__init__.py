"""The pocket generator: a small diffusion model that draws icons with the help of a bank of thumbnails."""
