"""``facerec audit``, a file per command."""
