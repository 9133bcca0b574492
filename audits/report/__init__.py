"""Reports of audits: from frozen results to a folder that can be read, checked and passed on.

The statistics stand in the modules beside this package and are done when a report begins: here they are put into
words, tables and drawings. ``verification_report`` and ``classification_report`` build, ``write_report`` writes.
"""

from audits.report.common.background import Background, InputFile, Run, hash_input
from audits.report.common.files import Report, write_report
from audits.report.common.sharing import ShareLimits, Suppressed
from audits.report.verification.sharing import suppress

__all__ = [
    "Background",
    "InputFile",
    "Report",
    "Run",
    "ShareLimits",
    "Suppressed",
    "hash_input",
    "suppress",
    "write_report",
]
