"""The paper's listening test: a page that runs it anywhere, and the tables that come of its results."""
