"""What every report is made of: words, charts, JSON numbers, files, and what is left out when it is passed on."""
