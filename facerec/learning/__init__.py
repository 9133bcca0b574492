"""What every training here shares: loop, schedule, checkpoints, teams, frozen stages, number formats, kept features."""
