"""``facerec transfer``, a file per command."""
