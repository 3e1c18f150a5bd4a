"""What is shown and told, decided without input or output."""
