"""Alerts as messages in Block Kit: one of its own for each, or a digest of many."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from vsearch_pipeline.catalog.alerts import AlertKind, AlertRecord
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.alert_texts import TEXTS, AlertTexts
from vsearch_pipeline.slack.pictures import image_block
from vsearch_pipeline.slack.writing import (
    SECTION,
    context,
    escaped,
    link,
    moment_link,
    plain,
    run_link,
    section,
    video_link,
)
from vsearch_pipeline.timeline import TimeRange, short_clock
from vsearch_pipeline.wording import Language, counted

SHOWN_MOMENTS: Final = 3
SHOWN_PEOPLE: Final = 5
SHOWN_VIDEOS: Final = 3
DIGEST_CHARACTERS: Final = 10_000
"""Of JSON: Slack refuses more than about 13,200 (`msg_blocks_too_long`), which it documents nowhere
(github.com/slackapi/bolt-js/issues/2509)."""
_LINES_TOGETHER: Final = 10
_NOTICE: Final = 300
_TITLE: Final = 120
_QUERY: Final = 120
_REASON: Final = 1200
_SHORT_REASON: Final = 160
_LONGEST_LINK: Final = 700
_USER: Final = re.compile(r"[UW][A-Z0-9]{1,30}")
_ORDER: Final[tuple[AlertKind, ...]] = ("failed", "check", "watch", "searchable")


@dataclass(frozen=True, slots=True)
class Message:
    """Attributes:
    text: what notifications show.
    """

    text: str
    blocks: list[dict[str, Any]]


def language_of(settings: Settings, alerts: Sequence[AlertRecord]) -> Language:
    """Of a watch its own, of everything else the channel's."""
    asked = {alert.about.get("language", settings.slack_language) for alert in alerts}
    language = asked.pop() if len(asked) == 1 else settings.slack_language
    return "ko" if language == "ko" else "en"


def picture_ranges(alert: AlertRecord) -> list[list[TimeRange]]:
    """For each picture of an alert's message, the ranges that it may show, the best first."""
    about = alert.about
    if alert.kind == "searchable":
        return [[TimeRange(start, end) for start, end in about.get("spans", [])]]
    if alert.kind == "watch":
        return [[TimeRange(each["start"], each["end"])] for each in about["moments"][:SHOWN_MOMENTS]]
    return []


def alert_message(settings: Settings, alert: AlertRecord, pictures: Sequence[str | None] = ()) -> Message:
    """The message that tells one alert.

    Args:
        pictures: ids of files, in the order of `picture_ranges`.
    """
    language = language_of(settings, [alert])
    write = _Writer(settings, language, TEXTS[language])
    return {"searchable": write.searchable, "failed": write.failed, "check": write.check, "watch": write.watch}[
        alert.kind
    ](alert.about, pictures)


def digest(settings: Settings, alerts: Sequence[AlertRecord]) -> Message:
    """One message that tells many alerts: how many of which kind, then as many as fit, what went wrong first."""
    language = language_of(settings, alerts)
    write = _Writer(settings, language, TEXTS[language])
    head = write.counts(alerts)
    blocks: list[dict[str, Any]] = [section(head)]
    ordered = sorted(alerts, key=lambda alert: (_ORDER.index(alert.kind), alert.id))
    room = DIGEST_CHARACTERS - _size(blocks) - 500  # for how many are left
    lines: list[str] = []
    for alert in ordered:
        line = write.line(alert)
        room -= len(json.dumps(line, ensure_ascii=False)) + 20
        if room < 0:
            break
        lines.append(line)
    blocks += [section(text) for text in _joined(lines)]
    if left := len(ordered) - len(lines):
        more = counted(write.texts.rest_one, write.texts.rest_many, left)
        blocks.append(context(link(write.library(), more)))
    return Message(head.replace("*", ""), blocks)


@dataclass(frozen=True, slots=True)
class _Writer:
    settings: Settings
    language: Language
    texts: AlertTexts

    # --- a message each ---

    def searchable(self, about: Mapping[str, Any], pictures: Sequence[str | None]) -> Message:
        texts, title = self.texts, str(about.get("title", ""))
        blocks = [section(texts.searchable.format(video=self._video(about)))]
        facts = []
        if about.get("duration_ms"):
            facts.append(texts.length.format(length=short_clock(int(about["duration_ms"]))))
        if people := [escaped(str(name), 80) for name in about.get("people", [])]:
            more = len(people) - SHOWN_PEOPLE
            names = people[:SHOWN_PEOPLE] + ([texts.more_people.format(count=more)] if more > 0 else [])
            facts.append(texts.people.format(names=", ".join(names)))
        if facts:
            blocks.append(context(" · ".join(facts)))
        blocks += [image_block(each, texts.picture.format(title=title)) for each in pictures if each]
        return Message(texts.searchable_text.format(video=escaped(title, _NOTICE)), blocks)

    def failed(self, about: Mapping[str, Any], _: Sequence[str | None]) -> Message:
        stage, videos = self._stage(about), self._videos(about)
        reason, run = escaped(str(about.get("reason", "")), _REASON), self._run(about)
        blocks = [
            section(self.texts.failed.format(stage=stage, videos=videos) + (f"\n>{reason}" if reason else ""))
        ]
        if run:
            blocks.append(context(run))
        titles = ", ".join(escaped(str(each["title"]), 80) for each in about.get("videos", [])[:SHOWN_VIDEOS])
        titles = titles or self._source(about)
        return Message(self.texts.failed_text.format(stage=stage, videos=titles).rstrip(": "), blocks)

    def check(self, about: Mapping[str, Any], _: Sequence[str | None]) -> Message:
        named = {"check": escaped(str(about.get("check", "")), 150), "stage": self._stage(about)}
        said, run = escaped(str(about.get("reason", "")), _REASON), self._run(about)
        blocks = [section(self.texts.check.format(**named) + (f"\n>{said}" if said else ""))]
        if beside := [each for each in (self._videos(about), run) if each]:
            blocks.append(context(" · ".join(beside)))
        return Message(self.texts.check_text.format(**named), blocks)

    def watch(self, about: Mapping[str, Any], pictures: Sequence[str | None]) -> Message:
        texts, moments = self.texts, about["moments"]
        query = escaped(str(about.get("query", "")), _QUERY)
        head = texts.watch.format(who=_mention(about), query=query, video=self._video(about)).rstrip()
        blocks = [section(head)]
        for number, moment in enumerate(moments[:SHOWN_MOMENTS]):
            blocks.append(section(self._moment(about, moment)))
            if number < len(pictures) and (picture := pictures[number]):
                alt = moment.get("caption") or texts.picture.format(title=about.get("title", ""))
                blocks.append(image_block(picture, str(alt)))
        more = int(about.get("found", len(moments))) - len(moments[:SHOWN_MOMENTS])
        if more > 0:
            said = counted(texts.more_moments_one, texts.more_moments_many, more)
            blocks.append(context(link(video_link(self.settings, str(about["video"]), self.language), said)))
        title = escaped(str(about.get("title", "")), _NOTICE)
        return Message(texts.watch_text.format(query=query, video=title), blocks)

    # --- a line each ---

    def counts(self, alerts: Sequence[AlertRecord]) -> str:
        texts, kinds = self.texts, Counter(alert.kind for alert in alerts)
        words: dict[AlertKind, tuple[str, str]] = {
            "searchable": (texts.digest_searchable_one, texts.digest_searchable_many),
            "failed": (texts.digest_failed_one, texts.digest_failed_many),
            "check": (texts.digest_check_one, texts.digest_check_many),
            "watch": (texts.digest_watch_one, texts.digest_watch_many),
        }
        said = [counted(*words[kind], kinds[kind]) for kind in _ORDER[::-1] if kinds[kind]]
        return f"{counted(texts.digest_one, texts.digest_many, len(alerts))}: {' · '.join(said)}"

    def line(self, alert: AlertRecord) -> str:
        texts, about = self.texts, alert.about
        if alert.kind == "searchable":
            return texts.line_searchable.format(video=self._video(about))
        if alert.kind == "watch":
            found = int(about.get("found", len(about["moments"])))
            moments = counted(texts.moments_one, texts.moments_many, found)
            return texts.line_watch.format(
                query=escaped(str(about.get("query", "")), _QUERY),
                moments=link(self._moment_url(about, about["moments"][0]), moments),
                video=self._video(about),
                who=_mention(about),
            ).rstrip()
        reason = escaped(str(about.get("reason", "")), _SHORT_REASON)
        told = " · ".join(each for each in (self._videos(about), reason, self._run(about)) if each)
        if alert.kind == "failed":
            return texts.line_failed.format(stage=self._stage(about), told=told)
        check = escaped(str(about.get("check", "")), 100)
        return texts.line_check.format(check=check, stage=self._stage(about), told=told)

    # --- pieces ---

    def library(self) -> str:
        return f"{self.settings.page_link}/library?{urlencode({'lang': self.language})}"

    def _video(self, about: Mapping[str, Any]) -> str:
        title = plain(str(about.get("title", "")), _TITLE) or "–"
        return link(video_link(self.settings, str(about["video"]), self.language), title, _TITLE)

    def _videos(self, about: Mapping[str, Any]) -> str:
        """The first few videos of an alert, else what it worked on."""
        videos = about.get("videos", [])
        if not videos:
            return self._source(about)
        shown = ", ".join(self._video({"video": v["id"], "title": v["title"]}) for v in videos[:SHOWN_VIDEOS])
        more = int(about.get("found", len(videos))) - len(videos[:SHOWN_VIDEOS])
        return f"{shown} {self.texts.more_videos.format(count=f'{more:,}')}" if more > 0 else shown

    def _source(self, about: Mapping[str, Any]) -> str:
        return escaped(str(about.get("source", "")), 200)

    def _stage(self, about: Mapping[str, Any]) -> str:
        return escaped(self.texts.name(str(about.get("stage", ""))), 100)

    def _run(self, about: Mapping[str, Any]) -> str:
        run = str(about.get("run", ""))
        return link(run_link(self.settings, run), self.texts.open_run) if _RUN.fullmatch(run) else ""

    def _moment(self, about: Mapping[str, Any], moment: Mapping[str, Any]) -> str:
        when = f"{short_clock(int(moment['from']))}–{short_clock(int(moment['to']))}"
        caption = escaped(str(moment.get("caption") or ""), 600)
        return f"{link(self._moment_url(about, moment), when)} {caption}".rstrip()

    def _moment_url(self, about: Mapping[str, Any], moment: Mapping[str, Any]) -> str:
        segment, query = int(moment["segment"]), str(about.get("query", ""))
        url = moment_link(self.settings, segment, self.language, query)
        return url if len(url) <= _LONGEST_LINK else moment_link(self.settings, segment, self.language)


_RUN: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


def _mention(about: Mapping[str, Any]) -> str:
    user = str(about.get("user", ""))
    return f"<@{user}>" if _USER.fullmatch(user) else ""


def _joined(lines: Sequence[str]) -> list[str]:
    """Lines together, as many as a section takes."""
    texts: list[str] = []
    for number, line in enumerate(lines):
        if number % _LINES_TOGETHER and len(texts[-1]) + len(line) < SECTION:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _size(blocks: Sequence[Mapping[str, Any]]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))
