"""Gradients on request, derivatives of functions, ops of one's own, and the checks that hold a derivative to its word.

The names are those of `torch.autograd`.
"""

from __future__ import annotations

from ..state import enable_grad, no_grad, set_grad_enabled
from . import functional
from .anomaly import detect_anomaly, set_detect_anomaly
from .function import Function
from .grad import as_tuple, between, grad
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
