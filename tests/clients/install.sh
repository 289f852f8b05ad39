#!/usr/bin/env bash
# Installs what the client tests need: Python packages and the JDBC driver in tests/.venv (pinned), and Mosquitto where apt
# can.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=tests/.venv
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --requirement tests/clients/requirements.txt
# The JDBC driver, which is no Python package.
driver=flight-sql-jdbc-driver
if [ ! -f "$venv/jdbc/$driver-18.3.0.jar" ] && command -v mvn > /dev/null; then
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact=org.apache.arrow:$driver:18.3.0 -DoutputDirectory="$PWD/$venv/jdbc" > /dev/null 2>&1 &&
    echo "3f418b46c880e263558c5de669bdbede2c5d4375527ced116fb29f795b03704c  $venv/jdbc/$driver-18.3.0.jar" |
    sha256sum --check --quiet || echo "the JDBC driver cannot be had: its tests are skipped"
fi
if ! command -v mosquitto_sub > /dev/null && command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
  {
    apt-get install -qq -y mosquitto mosquitto-clients ||
      { apt-get update -qq && apt-get install -qq -y mosquitto mosquitto-clients; }
  } > /dev/null 2>&1 || echo "Mosquitto cannot be installed: the tests of PUBLISH are skipped"
fi
