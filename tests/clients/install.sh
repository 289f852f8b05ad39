#!/usr/bin/env bash
# Installs what the client tests need: Python packages in tests/.venv (pinned), and Mosquitto where apt can.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=tests/.venv
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --requirement tests/clients/requirements.txt
if ! command -v mosquitto_sub > /dev/null && command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
  {
    apt-get install -qq -y mosquitto mosquitto-clients ||
      { apt-get update -qq && apt-get install -qq -y mosquitto mosquitto-clients; }
  } > /dev/null 2>&1 || echo "Mosquitto cannot be installed: the tests of PUBLISH are skipped"
fi
