"""The Compare page's parts: which runs, their tables, charts and pictures, and the verdict in words."""
