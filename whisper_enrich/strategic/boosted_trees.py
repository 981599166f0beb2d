"""Gradient-boosted trees (Friedman 2001) read from numbers and evaluated by numpy: no pickle, no library at run time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class BoostedTrees:
    """A sum of complete binary trees of one depth d over a row of numbers.

    ``feature`` and ``threshold`` [trees, 2**d - 1] are the inner nodes in heap order (the children of i are 2i + 1 and
    2i + 2; to the right where the feature is greater than the threshold), ``value`` [trees, 2**d] the leaves from left to
    right, the learning rate included. ``base`` is what no tree gives.
    """

    base: float
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray

    @classmethod
    def from_numbers(cls, numbers: Mapping[str, Any]) -> BoostedTrees:
        """From JSON. An inner node that decides nothing has None as its threshold: all go left.

        Raises `ValueError` where the shapes are not those of complete trees.
        """
        feature = np.array(numbers["feature"], dtype=np.int64)
        threshold = np.array(
            [[np.inf if limit is None else limit for limit in tree] for tree in numbers["threshold"]], dtype=np.float64
        )
        value = np.array(numbers["value"], dtype=np.float64)
        inner = feature.shape[1] if feature.ndim == 2 else 0
        if (
            inner == 0
            or inner & (inner + 1)
            or threshold.shape != feature.shape
            or value.shape != (len(feature), inner + 1)
        ):
            raise ValueError("the stored trees are not complete binary trees of one depth; train the model anew")
        return cls(float(numbers["base"]), feature, threshold, value)

    def raw(self, rows: np.ndarray) -> np.ndarray:
        """The sum for each row of ``rows`` [n, features], float64 [n]: log-odds where the trees were trained on log-loss."""
        trees, inner = self.feature.shape
        every = np.arange(trees)
        node = np.zeros((len(rows), trees), dtype=np.int64)
        for _ in range(inner.bit_length()):
            values = np.take_along_axis(rows, self.feature[every, node], axis=1)
            node = 2 * node + 1 + (values > self.threshold[every, node])
        return self.base + self.value[every, node - inner].sum(axis=1)
