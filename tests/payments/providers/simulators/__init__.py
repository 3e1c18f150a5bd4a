"""Stand-ins for providers: each on the loopback interface only."""
