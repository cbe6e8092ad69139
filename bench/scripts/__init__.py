"""Scripts: how fast they answer, what they take, and how fast a change of them is served."""
