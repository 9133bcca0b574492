"""``facerec gallery``: looking after the people of a gallery, its repair, its copies, and its log."""
