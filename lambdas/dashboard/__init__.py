"""The functions behind every web dashboard: one serves the page's files, one answers its questions."""
