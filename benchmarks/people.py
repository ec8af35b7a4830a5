"""Naming people: ours against the nearest prototype, logistic regression and the recipe of the earlier system.

All four get the same vectors and the same folds. Nothing is chosen on a face that is scored: our head and
thresholds, and the regularisation of the regression, come from cross-validation inside each training part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.report import machine, table
from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS
from vsearch_pipeline.people.metrics import class_scores, open_set
from vsearch_pipeline.people.prior import FacePrior, prior_of
from vsearch_pipeline.people.records import DetectedFace, Image, Prototype, Vectors
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.people.training import train
from vsearch_pipeline.settings import Settings

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDS = 5
SHOTS = (1, 3, 5)
DRAWS = 10
VIDEO_STEP_S = 0.5
NOT_STRANGERS = {"img34.jpg", "img35.jpg", "img36.jpg", "img37.jpg"}
"""Photos of the pairs that show one of the twelve people, seen by eye."""

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """Faces with the number of their person; `groups` is the group of each person."""

    vectors: Vectors
    people: Numbers
    groups: Numbers
    prior: FacePrior

    def rows(self, chosen: Any) -> Part:
        return Part(self.vectors[chosen], self.people[chosen], self.groups, self.prior)


@dataclass(frozen=True, eq=False)
class Answer:
    """Confidences, -inf for people who were not trained.

    Attributes:
        members: (n, people), of faces known to be one of them.
        groups: (n, groups).
        open: (n, people), where a face may be nobody's; the same as `members` for methods with no other.
        named: (n,) whether the method gives a name, for methods with a threshold of their own.
    """

    members: Floats
    groups: Floats
    open: Floats
    named: npt.NDArray[np.bool_] | None = None


Method = Callable[[Part, Vectors], Answer]


def main() -> None:
    if not (DATA / "faces" / "aligned").is_dir():
        print(f"### people\n\nskipped: there are no faces in {DATA.name}/faces/aligned beside the project\n")
        return
    everyone, names = _aligned()
    others = dict(_strangers())
    print(f"### people\n\n{machine()}; {len(everyone.vectors)} aligned crops of {len(names)} people\n")
    methods = {"ours": ours, "nearest prototype": prototypes, "logistic regression": regression}
    try:
        import torch

        torch.set_num_threads(1)
        methods["earlier recipe"] = earlier_recipe
    except ImportError:
        print("without the earlier recipe: torch is not installed (make bench installs it)\n")
    _closed(everyone, methods)
    _few(everyone, methods)
    _open(everyone, others, methods)


def _closed(everyone: Part, methods: dict[str, Method]) -> None:
    rows = []
    for name, method in methods.items():
        members, groups = [], []
        for train_rows, test_rows in _folds(everyone):
            answer = method(everyone.rows(train_rows), everyone.vectors[test_rows])
            members.append(class_scores(everyone.people[test_rows], answer.members))
            groups.append(class_scores(everyone.groups[everyone.people[test_rows]], answer.groups))
        rows.append((name, *_cells(groups), *_cells(members)))
    header = ["", *(f"{what} {kind}" for what in ("group", "member") for kind in ("F1", "mAP", "AUC"))]
    print(table(f"48 photos a person, {FOLDS} folds (macro F1)", header, rows))


def _few(everyone: Part, methods: dict[str, Method]) -> None:
    """A few photos a person, all the rest tested; the people of one group in turn are the strangers."""
    groups = int(everyone.groups.max()) + 1
    for shots in SHOTS:
        rows = []
        for name, method in methods.items():
            group_scores, member_scores, at_95, at_1 = [], [], [], []
            for draw in range(DRAWS):
                known = everyone.groups[everyone.people] != draw % groups
                train_rows = _drawn(everyone, known, shots, draw)
                test_rows = np.setdiff1d(np.flatnonzero(known), train_rows)
                answer = method(everyone.rows(train_rows), everyone.vectors[test_rows])
                unknown = method(everyone.rows(train_rows), everyone.vectors[~known])
                member_scores.append(class_scores(everyone.people[test_rows], answer.members))
                group_scores.append(class_scores(everyone.groups[everyone.people[test_rows]], answer.groups))
                seen = open_set(everyone.people[test_rows], answer.open, unknown.open.max(axis=1))
                at_95.append(seen.strangers_at_95)
                at_1.append(seen.named_at_1)
            rows.append((name, *_cells(group_scores)[:1], *_cells(member_scores)[:2], _share(at_95), _share(at_1)))
        header = [
            "",
            "group F1",
            "member F1",
            "member mAP",
            "strangers named at 95% of known",
            "known named at 1%",
        ]
        print(table(f"{shots} photo{'s' if shots > 1 else ''} a person, {DRAWS} draws", header, rows))


def _open(everyone: Part, others: dict[str, Vectors], methods: dict[str, Method]) -> None:
    """All photos; strangers are each group in turn, and faces of other collections."""
    rows = []
    for name, method in methods.items():
        shares: dict[str, list[float]] = {}
        own: list[tuple[float, float]] = []
        for group in range(int(everyone.groups.max()) + 1):
            known = everyone.groups[everyone.people] != group
            for train_rows, test_rows in _folds(everyone):
                learnt = everyone.rows(train_rows[known[train_rows]])
                tested = test_rows[known[test_rows]]
                answer = method(learnt, everyone.vectors[tested])
                for source, vectors in {"other folders": everyone.vectors[~known], **others}.items():
                    unknown = method(learnt, vectors)
                    seen = open_set(everyone.people[tested], answer.open, unknown.open.max(axis=1))
                    shares.setdefault(source, []).append(seen.strangers_at_95)
                    if unknown.named is not None:
                        shares.setdefault(f"{source}*", []).append(float(unknown.named.mean()))
                if answer.named is not None:
                    right = answer.open.argmax(axis=1) == everyone.people[tested]
                    own.append((float((answer.named & right).mean()), float((answer.named & ~right).mean())))
        cells = [_share(shares[source]) for source in ("other folders", *others)]
        if own:
            named, wrong = np.mean(own, axis=0)
            print(
                f"Ours as it labels: {named:.1%} of known faces named, {wrong:.2%} misnamed; strangers named: "
                + ", ".join(
                    f"{source} {np.mean(shares[source + '*']):.2%}" for source in ("other folders", *others)
                )
                + "\n"
            )
        rows.append((name, *cells))
    counts = [f"{source} ({len(vectors)})" for source, vectors in others.items()]
    print(table("Strangers named at 95% of known people named", ["", "other folders", *counts], rows))


# --- methods --------------------------------------------------------------------------------------------------


def ours(part: Part, faces: Vectors) -> Answer:
    people = np.unique(part.people)
    references = [
        Prototype(int(person), str(part.groups[person]), part.vectors[part.people == person]) for person in people
    ]
    classifier = train(references, [], part.prior).classifier
    margins = _spread(part, people, classifier.margins(faces))
    groups = np.zeros((len(faces), int(part.groups.max()) + 1))
    groups[:, [int(name) for name in classifier.group_names]] = classifier.probabilities(faces).groups
    odds = _spread(part, people, classifier.log_odds(faces))
    return Answer(odds, groups, margins, margins.max(axis=1) >= 0)


def prototypes(part: Part, faces: Vectors) -> Answer:
    people = np.unique(part.people)
    means = np.stack([part.vectors[part.people == person].mean(axis=0) for person in people])
    return _by_member(part, people, faces @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T)


def regression(part: Part, faces: Vectors) -> Answer:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    model: Any = LogisticRegression(C=100.0, max_iter=1000)
    if np.bincount(part.people).max() >= FOLDS:
        model = GridSearchCV(model, {"C": [1.0, 10.0, 100.0]}, cv=3)
    model.fit(part.vectors, part.people)
    return _by_member(part, np.asarray(model.classes_), model.predict_proba(faces))


def earlier_recipe(part: Part, faces: Vectors) -> Answer:
    """Linear-BatchNorm-ReLU-Dropout to 512, a group head, a member head a group; cross-entropy, AdamW 1e-3,
    30 epochs. The member is the likeliest of the likeliest group."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    group_ids = np.unique(part.groups[part.people])
    members = [np.unique(part.people[part.groups[part.people] == group]) for group in group_ids]
    trunk = nn.Sequential(nn.Linear(part.vectors.shape[1], 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(0.3))
    group_head = nn.Linear(512, len(group_ids))
    member_heads = nn.ModuleList([nn.Linear(512, len(of_group)) for of_group in members])
    parts = nn.ModuleList([trunk, group_head, member_heads])
    optimiser = torch.optim.AdamW(parts.parameters(), lr=1e-3)
    inputs = torch.from_numpy(part.vectors)
    group_of = np.searchsorted(group_ids, part.groups[part.people])
    member_of = np.array([np.searchsorted(members[g], p) for g, p in zip(group_of, part.people, strict=True)])
    group_target, member_target = torch.from_numpy(group_of), torch.from_numpy(member_of)
    loss_of = nn.CrossEntropyLoss()
    for _ in range(30):
        parts.train()
        for rows in torch.randperm(len(inputs)).split(32):
            if len(rows) < 2:  # batch norm needs two
                continue
            hidden = trunk(inputs[rows])
            loss = loss_of(group_head(hidden), group_target[rows])
            for number, head in enumerate(member_heads):
                inside = group_target[rows] == number
                if inside.any():
                    loss = loss + loss_of(head(hidden[inside]), member_target[rows][inside])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    parts.eval()
    with torch.no_grad():
        hidden = trunk(torch.from_numpy(faces))
        group_odds = group_head(hidden).softmax(dim=1).numpy().astype(np.float64)
        member_odds = [head(hidden).softmax(dim=1).numpy().astype(np.float64) for head in member_heads]
    likeliest = group_odds.argmax(axis=1)
    confidences = np.full((len(faces), len(part.groups)), -np.inf)
    for number, of_group in enumerate(members):
        # people of another group than the likeliest are ranked below all of that group's
        taken = np.where(likeliest == number, 0.0, -1.0)[:, None]
        confidences[:, of_group] = group_odds[:, [number]] * member_odds[number] + taken
    groups = np.zeros((len(faces), int(part.groups.max()) + 1))
    groups[:, group_ids] = group_odds
    return Answer(confidences, groups, confidences)


def _by_member(part: Part, people: Numbers, confidences: Any) -> Answer:
    """A group is as likely as its likeliest member."""
    members = _spread(part, people, np.asarray(confidences, dtype=np.float64))
    lowest = np.where(np.isfinite(members), members, members[np.isfinite(members)].min() - 1)
    count = int(part.groups.max()) + 1
    groups = np.stack([lowest[:, part.groups == group].max(axis=1) for group in range(count)], axis=1)
    return Answer(members, groups, members)


def _spread(part: Part, people: Numbers, confidences: Floats) -> Floats:
    spread = np.full((len(confidences), len(part.groups)), -np.inf)
    spread[:, people] = confidences
    return spread


# --- data -----------------------------------------------------------------------------------------------------


def _aligned() -> tuple[Part, list[str]]:
    embedder = load_face_embedder(Settings().face_embedder)
    folders = sorted(path for path in (DATA / "faces" / "aligned").glob("*/*") if path.is_dir())
    groups = sorted({folder.parent.name for folder in folders})
    vectors, people = [], []
    for number, folder in enumerate(folders):
        images = [_picture(path) for path in sorted(folder.glob("*.png"))]
        faces = [[DetectedFace((0.0, 0.0, 112.0, 112.0), ARCFACE_LANDMARKS, 1.0)] for _ in images]
        vectors.append(np.concatenate(embedder.embed(images, faces)))
        people += [number] * len(images)
    group_of = np.array([groups.index(folder.parent.name) for folder in folders])
    part = Part(np.concatenate(vectors), np.array(people), group_of, prior_of(embedder.name))
    return part, [folder.name for folder in folders]


def _strangers() -> Iterator[tuple[str, Vectors]]:
    """Faces of other collections: the largest of each photo, one each half second of video."""
    photos = sorted((DATA / "faces" / "pairs").rglob("*.jpg"))
    photos = [path for path in photos if path.name not in NOT_STRANGERS]
    yield "pairs", _largest_faces(_picture(path) for path in photos)
    yield "talking_heads", _largest_faces(_frames(sorted((DATA / "videos" / "talking_heads").glob("*.mpg"))))


def _largest_faces(images: Any) -> Vectors:
    settings = Settings()
    detector, embedder = load_face_detector(settings.face_detector), load_face_embedder(settings.face_embedder)
    vectors = []
    for image in images:
        found = detector.detect([image])[0]
        if found:
            largest = max(found, key=lambda face: face.width * face.height)
            vectors.append(embedder.embed([image], [[largest]])[0])
    return np.concatenate(vectors)


def _picture(path: Path) -> Image:
    from PIL import Image as Photo

    with Photo.open(path) as photo:
        photo.thumbnail((1280, 1280))
        return np.asarray(photo.convert("RGB"))


def _frames(paths: list[Path]) -> Iterator[Image]:
    import av

    for path in paths:
        with av.open(str(path)) as container:
            due = 0.0
            for frame in container.decode(video=0):
                if (frame.time or 0.0) >= due:
                    yield frame.to_ndarray(format="rgb24")
                    due += VIDEO_STEP_S


def _folds(everyone: Part) -> Iterator[tuple[Numbers, Numbers]]:
    turn = np.concatenate([np.arange(count) for count in np.bincount(everyone.people)])
    for fold in range(FOLDS):
        yield np.flatnonzero(turn % FOLDS != fold), np.flatnonzero(turn % FOLDS == fold)


def _drawn(everyone: Part, known: npt.NDArray[np.bool_], shots: int, draw: int) -> Numbers:
    random = np.random.default_rng(draw)
    people = np.unique(everyone.people[known])
    return np.sort(
        np.concatenate(
            [random.choice(np.flatnonzero(everyone.people == person), shots, False) for person in people]
        )
    )


def _cells(scores: list[Any]) -> list[str]:
    return [
        f"{np.mean([getattr(score, name) for score in scores]):.4f}"
        for name in ("f1_macro", "average_precision", "roc_auc")
    ]


def _share(values: list[float]) -> str:
    return f"{np.mean(values):.2%}"
