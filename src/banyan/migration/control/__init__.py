"""The control plane: the process ``banyan gateway`` that leads one plan.

Two loops work on one ``World``. ``Watch`` hears the data plane, judges, and lets it follow; it never
waits for the database. ``Sync`` reads from the database where routes shall stand, and writes down what
was seen and done. So a rollback takes effect first and is written down after, while an advance is
written down first, takes effect then, and is confirmed at last.
"""

from banyan.migration.control.comparing import Comparer
from banyan.migration.control.folder import ControlFolder, LocalRollback, Remembered
from banyan.migration.control.local import DoneHere, follow_here, roll_back_here, stop_here
from banyan.migration.control.ports import Gates, Plane
from banyan.migration.control.process import Control, folder_of, remembered_in

__all__ = [
    "Comparer",
    "Control",
    "ControlFolder",
    "DoneHere",
    "Gates",
    "LocalRollback",
    "Plane",
    "Remembered",
    "folder_of",
    "follow_here",
    "remembered_in",
    "roll_back_here",
    "stop_here",
]
