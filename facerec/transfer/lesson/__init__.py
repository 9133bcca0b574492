"""The teacher's page: each part of the lecture, its command, its figure, and questions answered from runs on disk."""

from facerec.transfer.lesson.page import lesson, lesson_page, write_lesson
from facerec.transfer.lesson.questions import Part, Question
from facerec.transfer.lesson.runs import Run, Runs, read_runs

__all__ = ["Part", "Question", "Run", "Runs", "lesson", "lesson_page", "read_runs", "write_lesson"]
