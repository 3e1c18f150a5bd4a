"""What findings mean: causes, their names, and whether they are more than noise."""
