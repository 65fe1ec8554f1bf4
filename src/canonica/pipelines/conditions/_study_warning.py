"""What is worth knowing of the table of a study."""


class StudyWarning(UserWarning):
    """Something in a study's table that is not used, or that may not be meant."""
