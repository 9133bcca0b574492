"""Folders of millions, in pieces that any runner does: one machine's processes, several machines, or a Ray cluster.

What is done lies in the folder of the results, part by part, and nowhere else: a run that was cut off goes on from
there, whoever runs it next, and several may run at once.
"""

from facerec.batch.actors import on_ray
from facerec.batch.claims import Claims
from facerec.batch.doing import Report, do
from facerec.batch.processes import local
from facerec.batch.work import Lost, Runner, Take, Unit, Work

__all__ = ["Claims", "Lost", "Report", "Runner", "Take", "Unit", "Work", "do", "local", "on_ray"]
