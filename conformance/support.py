"""What the checks share: counting, and a signed-in client. Nothing of it is the project's code."""
import os
import sys

import requests

NODE = os.environ["TIANYUAN_URL"]
PASSED, FAULTS = [], []


def expect(holds, words):
    (PASSED if holds else FAULTS).append(words)
    if not holds:
        print("FAULT", words)
    return holds


def finish():
    print(f"{len(PASSED)} passed, {len(FAULTS)} failed")
    sys.exit(1 if FAULTS else 0)


def signed_in():
    session = requests.Session()
    session.headers["authorization"] = "Bearer " + os.environ["TIANYUAN_TOKEN"]
    return session
