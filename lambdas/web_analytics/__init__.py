"""Functions of the web-analytics pipeline."""
