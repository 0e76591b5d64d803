"""Clinical knowledge as written in `rules/`: its vocabulary and its strict reading."""
