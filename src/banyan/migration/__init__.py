"""Migration: a legacy platform taken over route by route, table by table, by a plan."""
