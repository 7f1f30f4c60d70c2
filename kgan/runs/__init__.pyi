from .run import Run as Run, load as load
from .training import resume as resume, train as train
