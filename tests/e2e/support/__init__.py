"""What the end-to-end tests stand on: servers on loopback, CloudTrail records, payloads."""
