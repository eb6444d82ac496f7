"""The pictures of a report, a module each: they draw what was computed; may import stats."""
