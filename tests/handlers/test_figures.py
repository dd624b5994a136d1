"""Figures as administrators see them, over a restart and over processes; and as Prometheus does."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.client import Account, ask
from tests.operated import administrator
from tests.running import Site, running

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
TOKEN = "a token of the scraper"


def now() -> int:
    return int(time.time() * 1000)


def samples(site: Site, **headers: str) -> dict[tuple[str, str], dict[str, float]]:
    """The value of each metric and its labels besides the worker, by worker."""
    answer = site.http.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[tuple[str, str], dict[str, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = dict(sample.labels)
            worker = labels.pop("worker")
            found.setdefault((sample.name, "".join(labels.values())), {})[worker] = sample.value
    return found


async def test_how_things_stand(admin: Account, ann: Account, bo: Account) -> None:
    before = admin.get("/api/admin/stats").data
    async with ann.chat(), ann.on("a phone").chat():
        ann.say(bo)
        after = admin.get("/api/admin/stats").data
    assert {name: after[name] - before[name] for name in ("online", "sockets", "messages")} == {
        "online": 1,
        "sockets": 2,
        "messages": 1,
    }
    assert after["people"] >= 3 and after["processes"] == 1
    assert (after["sql"], after["redis"], after["mongo"]) == (1, 1, 1)
    assert after["memory"] > 10_000_000 and after["ack_ms"] > 0 and after["lag_ms"] > 0
    assert after["messages_day"] >= after["messages"] > 0
    assert all(type(number) in (int, float) for number in after.values())


def test_reports_that_wait_are_counted(admin: Account, ann: Account, bo: Account) -> None:
    before = admin.get("/api/admin/stats").data["reports"]
    ann.say(bo)
    path = f"/api/conversations/{min(ann.uid, bo.uid)}:{max(ann.uid, bo.uid)}/messages/1/report"
    bo.post(path, reason="rude")
    assert admin.get("/api/admin/stats").data["reports"] == before + 1


def test_figures_outlive_the_process(tmp_path: Path) -> None:
    began = now() - MINUTE
    with running(tmp_path) as server:
        admin, bo = administrator(server), Account.new(server)
        for _ in range(3):
            admin.say(bo)
    with running(tmp_path) as server:
        again = admin.on(admin.device, server)
        again.say(again)
        history = again.get("/api/admin/stats/history", since=began, step=MINUTE).data
        assert history["step"] == MINUTE
        points = history["points"]
        assert sum(point["messages"] for point in points) == 4
        assert [point["time"] for point in points] == sorted({p["time"] for p in points})
        assert all(point["time"] % MINUTE == 0 for point in points)
        assert all(
            point["stores"] == {"sql": 1.0, "redis": 1.0, "mongo": 1.0}
            and (point["errors"], point["online"]) == (0, 0)
            for point in points
        )
        (day,) = again.get("/api/admin/stats/history", since=began, step=DAY).data["points"]
        assert day["messages"] == 4
        assert again.get("/api/admin/stats").data["messages_day"] == 4


def test_a_history_has_a_bounded_number_of_points(admin: Account) -> None:
    refused = admin.get("/api/admin/stats/history", since=now() - 30 * DAY, step=MINUTE)
    assert refused.broken == ("step", "range")
    assert admin.get("/api/admin/stats/history", step=MINUTE - 1).broken == ("step", "range")
    # Without one it suits a chart.
    assert admin.get("/api/admin/stats/history").data["step"] == 5 * MINUTE
    assert admin.get("/api/admin/stats/history", since=0).data["step"] == 360 * MINUTE
    assert admin.get("/api/admin/stats/history", since=now() + DAY).data["points"] == []


def test_what_prometheus_reads(ann: Account) -> None:
    before = samples(ann.server)
    ann.say(ann)
    ann.server.call("POST", "/api/user/login", json={})
    after = samples(ann.server)

    def grown(name: str, labels: str = "") -> float:
        return after[name, labels]["1"] - before[name, labels]["1"]

    assert grown("tornado_im_messages_total") == 1
    assert (
        grown("tornado_im_ack_seconds_count") == grown("tornado_im_ack_seconds_bucket", "+Inf") == 1
    )
    assert 0 < grown("tornado_im_ack_seconds_sum") < 5
    assert after["tornado_im_store_up", "mongo"] == {"1": 1.0}
    assert after["tornado_im_bus_up", ""] == {"1": 1.0}
    assert after["tornado_im_memory_bytes", ""]["1"] > 10_000_000
    names = {name for name, _ in after}
    for name in ("conflicts_total", "errors_total", "limited_total", "uploads_total", "sockets"):
        assert f"tornado_im_{name}" in names
    assert "tornado_im_loop_lag_seconds_count" in names


def test_each_worker_is_in_it_whoever_answers(tmp_path: Path) -> None:
    with running(tmp_path, workers=2, service_metricstoken=TOKEN) as server:
        bearer = {"Authorization": f"Bearer {TOKEN}", "Connection": "close"}
        for _ in range(4):
            found = samples(server, **bearer)
            assert set(found["tornado_im_sockets", ""]) == {"1", "2"}
        assert ask(server, {}, "/metrics").refusal == (401, "token_missing")
        wrong = {"Authorization": "Bearer another"}
        assert ask(server, wrong, "/metrics").refusal == (401, "token_invalid")
        assert httpx.get(f"{server.url}/metrics?token={TOKEN}").status_code == 401
        assert administrator(server).get("/api/admin/stats").data["processes"] == 2
