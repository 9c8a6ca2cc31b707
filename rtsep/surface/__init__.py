"""What every interface of a live run shares: what is shown, and what may be asked for."""
