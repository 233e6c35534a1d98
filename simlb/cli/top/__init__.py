"""`simlb top`: what is known (`model`), what it looks like (`view`), and the loop between stream and terminal."""
