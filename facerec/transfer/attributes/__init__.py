"""Attributes of faces by transfer, as an exercise in judging a classifier by group.

Reading data in FairFace's format, measuring backbones on it with the bench, and comparing them as to whom they get
wrong. The groups are those that the data come with; nothing here infers one.
"""
