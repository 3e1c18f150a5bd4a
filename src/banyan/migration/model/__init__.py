"""Plans, where their routes stand, and what was decided about them: plain records."""
