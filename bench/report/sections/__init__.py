"""The sections of a report, a module each, listed in bench.report.contents; may import what report may."""
