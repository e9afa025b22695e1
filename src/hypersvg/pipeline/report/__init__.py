"""``results/<run>/report.html``: a finished run as one page that needs nothing but itself; docs/report.md says how."""
