"""Gradients on request, derivatives of functions, and the checks that hold every derivative to finite differences."""

from __future__ import annotations

from ..state import enable_grad, no_grad
from .grad import as_tuple, between, grad
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
