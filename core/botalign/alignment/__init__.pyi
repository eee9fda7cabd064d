from .hand import HandDecision as HandDecision
from .poses import DistinctPose as DistinctPose
from .records import Candidate as Candidate
from .records import MapReference as MapReference
from .records import Part as Part
from .records import TracePoint as TracePoint
from .scale import Scale as Scale
