"""Tasks that hang, die and lie, for the tests of processes with limits."""

import ctypes
import json
import os
import time


def echo_or_hang(facts, contents):
    """What it was given, or nothing for an hour."""
    if facts.get("hang"):
        time.sleep(3600)
    return ({"pid": os.getpid()} if facts.get("pid") else facts), bytes(contents)


def die(facts, _):
    """End in one of three ways."""
    if facts["how"] == "exit":
        os._exit(3)
    if facts["how"] == "crash":
        ctypes.string_at(0)
    message = "a fault of this project"
    raise RuntimeError(message)


def lie(facts, _):
    """Answer what was not agreed."""
    if facts["how"] == "error":
        return {"error": "ClassVar", "message": "mine"}, b""
    if facts["how"] == "long":
        return {}, bytes(101)
    if facts["how"] == "list":
        return [1], b""
    json.dumps = lambda _: "{"  # what writes the answer
    return {}, b""
