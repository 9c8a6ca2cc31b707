"""Networks of the comparison that stream."""
