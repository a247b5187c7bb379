"""Small servers in processes of their own that stand where the provider would be; each prints its port when ready."""
