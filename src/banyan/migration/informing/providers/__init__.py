"""How notices leave the house: mail and webhooks."""
