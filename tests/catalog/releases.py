# ruff: noqa: E501 - rows of SQL
"""What a library of each release holds: rows of every table that came with it, as that release wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CAME_WITH: Final[Mapping[str, str]] = {
    "0001": """
insert into producers (id, stage, model, version, settings) values
  (101, 'test', 'm', '1', '{}'), (102, 'segments', 'timeline', '1', '{"a": 1}');
insert into videos (id, title, kind, sha256, source, path, duration_ms) values
  ('old', '옛 영상', 'file', 'sha-old', '/somewhere/old.mp4', 'old/source.mp4', 20000),
  ('was-imported', 'Imported', 'imported', 'sha-imported', 'catalogue.json', null, 9000);
insert into shots values ('old', 0, 0, 10000, 101), ('old', 1, 10000, 20000, 101);
insert into frames values ('old', 0, 0, 320, 240, 101), ('old', 1, 250, 320, 240, 101);
insert into faces values
  ('old', 0, 0, 0, 0, '{0.1,0.1,0.2,0.2}', '{0.1,0.2}', 0.9, 0.5, 101),
  ('old', 1, 1, 0, 250, '{0.3,0.1,0.4,0.2}', '{}', 0.8, 0.7, 101);
insert into face_tracks values ('old', 0, 0, 0, 5000, '{0}', '{0}', 101), ('old', 1, 0, 5000, 9000, '{1}', '{1}', 101);
insert into face_embeddings (video_id, face_index, track_index, model, embedding, producer_id)
  values ('old', 0, 0, 'face-model', '[1,0]', 101), ('old', 1, 1, 'face-model', '[0,1]', 101);
insert into people (id, group_name, name, aliases) values (201, 'NJZ', 'Minji', '{"민지"}'), (202, null, 'Ben', '{}');
insert into face_labels values ('old', 0, 201, 0.9, 202, 0.3, 101), ('old', 1, null, 0.2, 201, 0.1, 101);
insert into objects (video_id, index, frame_index, time_ms, label, score, bbox_xyxy, producer_id)
  values ('old', 0, 0, 0, 'dog', 0.9, '{0,0,0.5,0.5}', 101);
insert into captions (video_id, language, index, start_ms, end_ms, text, raw_text, facts, producer_id) values
  ('old', 'en', 0, 0, 5000, 'a dog runs', 'a dog runs runs', null, 101),
  ('old', 'ko', 0, 0, 5000, '개가 달린다', '개가 달린다', '{"x": 1}', 101);
insert into transcripts values ('old', 0, 0, 2000, 'hello', 'en', 0.9, '[["hello", 0, 400, 0.9]]', 101);
insert into previews values ('old', 0, 5000, 1234, 101);
insert into reference_faces (id, person_id, source, sha256, quality, model, embedding, producer_id)
  values (301, 201, 'NJZ/Minji/1.jpg', 'photo', 0.9, 'face-model', '[1,0]', 101);
insert into classifiers
  (id, fingerprint, model, embedding_model, metrics, description, parameters, promoted)
  values (401, 'print', 'centroids', 'face-model', '{"top1": 1}', '{"people": [201]}', '\\x00ff', true);
insert into unknown_people (video_id, track_index, cluster) values ('old', 1, 5);
insert into counters (name, value) values ('segment', 1000);
insert into segments
  (id, video_id, start_ms, end_ms, human_range, auto_caption_en, auto_caption_ko, human_caption_en,
   human_caption_ko, auto_objects, auto_speech, deleted_at, version, producer_id) values
  (501, 'old', 0, 5000, false, 'a dog runs', '개가 달린다', 'Minji runs with a dog', null, '{"dog": 1}', 'hello',
    null, 3, 102),
  (502, 'old', 5000, 9000, true, null, null, 'drawn by a person', '사람이 그렸다', null, null, null, 2, 102),
  (503, 'old', 9000, 12000, false, 'thrown away', null, null, null, null, null, '2026-01-02T03:04:05Z', 2, 102),
  (504, 'old', 12000, 20000, false, 'a man sits', null, null, null, null, null, null, 1, 102),
  (511, 'was-imported', 0, 9000, false, 'imported words', null, null, '가져온 말', null, null, null, 2, 102);
insert into segment_people (segment_id, person_id, layer, present, confidence) values
  (501, 201, 'auto', true, 0.9), (501, 202, 'human', true, null), (504, 201, 'human', false, null);
insert into segment_embeddings (segment_id, model, text_sha256, embedding) values
  (501, 'toy-words', 'sha', '[1,0]'), (504, 'toy-words', 'sha', '[0,1]');
insert into operations (id, actor, door, kind, video_id, before, after) values
  (601, 'mina', 'cli', 'video.add', 'old', null, '{"source": "/somewhere/old.mp4"}'),
  (602, '지수', 'web', 'segment.caption', 'old', '{"caption_en": null}', '{"caption_en": "Minji runs with a dog"}');
insert into stage_runs (video_id, stage, fingerprint, producer_id, run_id, seconds) values
  ('old', 'video', 'f-video', 101, 'run', 0.1), ('old', 'face_tracks', 'f-tracks', 101, 'run', 1.5),
  ('old', 'segments', 'f-segments', 102, 'run', 0.2);
insert into stage_errors (video_id, stage, message, run_id) values ('old', 'proxy', 'it failed', 'run');
select setval('operations_id_seq', 700), setval('people_id_seq', 700), setval('producers_id_seq', 700);
""",
    "0002": """
insert into people (id, group_name, name, aliases, display, notes, merged_into)
  values (203, null, 'Minji?', '{}', '민지 2', 'the same', 201);
insert into face_marks (id, video_id, time_ms, bbox_xyxy, kind, person_id, operation_id)
  values (801, 'old', 0, '{0.1,0.1,0.2,0.2}', 'is', 201, 602), (802, 'old', 250, '{0.3,0.1,0.4,0.2}', 'is_not', 202, 602);
insert into face_marks (id, video_id, time_ms, bbox_xyxy, kind, group_id, operation_id)
  values (803, 'old', 250, '{0.3,0.1,0.4,0.2}', 'group', 1, 602);
select setval('face_marks_id_seq', 900);
""",
    "0003": """
update people set gender = 'female' where id = 201;
insert into paid_answers (key, purpose, model, answer) values ('digest', 'translate', 'gemini', '{"ko": "개"}');
insert into paid_days (day, model, requests, input_tokens, output_tokens, cost_usd)
  values ('2026-01-02', 'gemini', 3, 100, 50, 0.25);
""",
    "0004": """
insert into words (id, word, token, segments) values (1, 'dog', 'dog', 1), (2, '개', '개', 1);
insert into word_embeddings (word_id, model, embedding) values (1, 'toy-words', '[1,0]'), (2, 'toy-words', '[1,0]');
insert into passages (video_id, index, model, segments, words, embedding)
  values ('old', 0, 'toy-words', 2, '{1}', '[1,0]');
insert into searches (actor, text, name) values ('지수', '강아지', 'dogs'), ('mina', 'minji', null);
insert into stage_runs (video_id, stage, fingerprint, producer_id, run_id, seconds)
  values ('old', 'segment_embeddings', 'f-embeddings', 101, 'run', 0.2);
select setval('words_id_seq', 50);
""",
    "0005": """
insert into operations (id, actor, door, kind, before, after, about) values (603, '지수', 'web', 'segment.caption',
  '{"segment": {"504": {"caption_en": null}}}',
  '{"segment": {"504": {"caption_en": ["a man sits on a bench", "a man sits"]}}}',
  '{"where": {"504": ["old", 12000, 20000]}}');
insert into operation_subjects (kind, subject, operation_id)
  values ('segment', '504', 603), ('video', 'old', 603);
update segments set human_caption_en = 'a man sits on a bench', seen_caption_en = 'a man sits', version = 603
  where id = 504;
""",
    "0006": """
insert into requests (kind, subject, actor, door) values ('retry', 'old', '지수', 'web');
insert into requests (kind, subject, actor, door, state, reason)
  values ('take_in', 'https://example.org/a.mp4', 'mina', 'web', 'failed', 'it is gone');
insert into stage_progress (video_id, stage, run_id, done, total) values ('old', 'faces', 'run', 3, 10);
""",
    "0007": """
select setval('watches_id_seq', 50);
insert into slack_files (team, digest, file_id) values ('T1', 'digest', 'F1');
insert into slack_deliveries (key) values ('delivery');
insert into watches (id, user_id, channel, actor, query, language) values (1, 'U1', 'C1', '지수', '강아지', 'ko');
insert into watched_moments (watch_id, video_id, start_ms, end_ms) values (1, 'old', 0, 5000);
insert into alerts (key, kind, channel, about) values ('searchable old', 'searchable', 'C1', '{"video": "old"}');
""",
    "0008": """
insert into text_models (model, source) values ('another', 'owner/another');
""",
}
"""By the release that made the tables; a library of a release holds this and all before."""
