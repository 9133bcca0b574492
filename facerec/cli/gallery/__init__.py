"""``facerec gallery``: the people, the log, forgetting and moving."""
