"""A process that downloads from the mirror: ``run_download.py PLAN ROOT SOURCES NAMES [FILE_SIZE_LIMIT]``."""

import json
import resource
import sys
from pathlib import Path

from ucr import archive
from ucr.download import download
from ucr.sources import Source
from ucr.transfer import Transfer

plan = json.loads(Path(sys.argv[1]).read_text())
for facts in plan["infos"]:
    archive._FACTS[facts["name"]] = archive.Info(**{**facts, "labels": tuple(facts["labels"])})
sources = {name: Source(**plan["sources"][name]) for name in sys.argv[3].split(",")}
if len(sys.argv) > 5:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]), int(sys.argv[5])))
try:
    download(sys.argv[4].split(","), sys.argv[2], sources, Transfer(retries=1, timeout=60))
except archive.UcrError as error:
    sys.exit(f"error: {error}")
