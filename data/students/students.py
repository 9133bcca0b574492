"""Which students are tried, and how each is taught."""

from dataclasses import dataclass

from facerec.training.student_recipe import StudentRecipe


@dataclass(frozen=True)
class Trial:
    """A student and its recipe.

    Attributes
    ----------
    name : str
        Of the model.
    student : str
        What it starts from, as ``facerec.training.student_start.load_student`` knows it.
    size : int
        Side of its input in pixels.
    recipe : StudentRecipe
    words : str
        What it is, in a line of a table.
    """

    name: str
    student: str
    size: int
    recipe: StudentRecipe
    words: str


TRIALS = (
    Trial(
        "one-pass",
        "dlib_resnet",
        150,
        StudentRecipe(epochs=2, learning_rate=2e-5, flip=False),
        "the teacher's network, one pass instead of two",
    ),
    Trial(
        "trim-one-pass",
        "dlib_resnet_trim",
        150,
        StudentRecipe(epochs=3, learning_rate=5e-5, flip=False),
        "two of its fourteen residual blocks left out, one pass",
    ),
    Trial(
        "short-one-pass",
        "dlib_resnet_short",
        150,
        StudentRecipe(epochs=2, learning_rate=5e-5, flip=False),
        "four of its fourteen residual blocks left out, one pass",
    ),
    Trial(
        "small-input",
        "dlib_resnet",
        112,
        StudentRecipe(epochs=3, learning_rate=5e-5),
        "the teacher's network on 112 pixels, two passes",
    ),
)
