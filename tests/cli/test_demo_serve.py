"""``daybreak demo --serve`` ends with a web page in the browser."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.cli.test_demo_language import write_other_shop


def test_the_demo_is_served_and_its_page_is_opened(tmp_path):
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    write_other_shop(tmp_path / "shop")  # the gift shop is that of tests/service/test_demo.py
    command = ["demo", "--quick", "--data", "shop", "--serve", "--port", "0", "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "daybreak", *command],
        env={**os.environ, "BROWSER": f"{browser} %s"},
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        decoder, told, text = json.JSONDecoder(), [], ""
        while len(told) < 2:
            text = (text + process.stdout.readline()).lstrip()
            try:
                value, end = decoder.raw_decode(text)
            except ValueError:
                continue
            told.append(value)
            text = text[end:]
        url = told[1]["url"]
        assert 'id="app"' in httpx.get(url, timeout=60).text
        assert httpx.get(f"{url}/api/v1/status", timeout=60).json()["items"] > 0
        while not Path(opened).exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        process.wait()
    assert opened.read_text("utf-8").strip() == f"{url}/#/try"
