"""Face recognition as a service: the library's decisions, with the same evidence, over HTTP.

`facerec serve` runs it; ``facerec.service.app.create_app`` makes it from values. The floors below know no HTTP: every
rule stands in the library, and this package parses, asks, and answers. ``docs/service.md`` is for who runs it.
"""
