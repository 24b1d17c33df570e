"""The whole shop on one machine as it is in production: `python -m cluster`, see docs/cluster.md."""
