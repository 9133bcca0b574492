"""What a key may do, and the roles that people give it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

Scope: TypeAlias = Literal[
    "compare", "verify", "identify", "read", "enroll", "forget", "log", "audit", "metrics", "manage"
]
SCOPES: Mapping[Scope, str] = MappingProxyType(
    {
        "compare": "find faces in photos and compare two of them; nothing is stored",
        "verify": "decide whether a photo shows the person somebody claims to be",
        "identify": "decide who of a gallery is on a photo; answers name people",
        "read": "see who is enrolled",
        "enroll": "enroll people, change, merge and part them",
        "forget": "delete people and faces for good",
        "log": "read and check the log; names of people need `read`, too",
        "audit": "read published audits",
        "metrics": "read counters and times of the service",
        "manage": "make galleries and keys; import, export, re-embed; with `forget`, empty galleries",
    }
)
"""Every scope, and what it allows."""

OF_NO_GALLERY: frozenset[Scope] = frozenset({"compare", "audit", "metrics"})
"""Scopes with which nobody needs to know which galleries there are."""

ROLES: Mapping[str, tuple[Scope, ...]] = MappingProxyType(
    {
        "kiosk": ("verify",),
        "reception": ("compare", "verify", "identify", "read"),
        "registrar": ("compare", "read", "enroll"),
        "privacy-officer": ("read", "forget", "log", "audit"),
        "auditor": ("log", "audit"),
        "monitor": ("metrics",),
        "admin": get_args(Scope),
    }
)
"""Names for sets of scopes, for who gives out keys."""
