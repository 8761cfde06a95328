"""Writes the fixture that the groups among voters are checked against (scikit-learn from PyPI).

    pip install scikit-learn && python3 bench/camps_fixture.py > crates/plan/src/participation/votes/sklearn.json
"""
import json

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

chance = np.random.default_rng(20240401)
leanings = np.array([[1, 1, -1, -1, 0, 1, -1], [-1, 1, 1, -1, 1, -1, -1], [-1, -1, -1, 1, 1, 1, 1]])
votes = []
for device in range(45):
    row = leanings[device % 3].copy()
    for statement in range(row.size):
        if chance.random() < 0.12:
            row[statement] = chance.integers(-1, 2)
    votes.append(row)
votes = np.array(votes, dtype=float)
points = PCA(n_components=2, svd_solver="full").fit_transform(votes)
labels = KMeans(n_clusters=3, n_init=20, random_state=0).fit_predict(points)
print(json.dumps({
    "votes": votes.tolist(),
    "components": np.round(points, 9).tolist(),
    "labels": labels.tolist(),
    "silhouette": round(float(silhouette_score(points, labels)), 9),
}))
