"""Migration: plans on boards, their routes, what differs, the data, who was told; and moving them."""
