"""Everyone informed: status pages, notices to teams, the calendar, summaries and runbooks."""
