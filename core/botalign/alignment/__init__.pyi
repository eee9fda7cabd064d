from .hand import HandDecision as HandDecision
from .records import Candidate as Candidate
from .records import MapReference as MapReference
from .records import Part as Part
from .records import TracePoint as TracePoint
