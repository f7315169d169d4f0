"""How the page is started."""

from __future__ import annotations

import subprocess
import sys

from streamlit import config

from runtime.settings import load_settings
from ui.app_options import APP, OPTIONS, streamlit_arguments


def test_every_option_is_one_of_streamlits() -> None:
    assert set(OPTIONS) <= set(config.get_config_options())


def test_nothing_leaves_this_machine_and_no_other_name_is_answered() -> None:
    arguments = streamlit_arguments(load_settings(port=8600))
    assert arguments[:2] == ["run", str(APP)]
    assert APP.is_file()
    assert "--browser.gatherUsageStats=false" in arguments
    assert "--server.address=127.0.0.1" in arguments
    assert "--server.port=8600" in arguments
    assert [a for a in arguments if "allowedHosts" in a] == [
        "--server.allowedHosts=127.0.0.1",
        "--server.allowedHosts=localhost",
    ]


def test_who_serves_others_names_the_hosts_himself() -> None:
    arguments = streamlit_arguments(load_settings(host="0.0.0.0"))
    assert "--server.address=0.0.0.0" in arguments
    assert not [a for a in arguments if "allowedHosts" in a]


def test_the_page_is_imported_without_a_model() -> None:
    program = "import sys, ui.chat_page; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert "ui.chat_page" in loaded
    assert not {"torch", "transformers", "cv2", "rapidocr", "onnxruntime", "chromadb"} & set(loaded)
