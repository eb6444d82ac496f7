"""Numbers of others, and the guard that lets only comparable ones beside ours; may import stats."""
