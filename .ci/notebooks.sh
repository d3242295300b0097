#!/usr/bin/env bash
# Notebooks from end to end: the kernel installed, every notebook run and compared, the runners that others use, JupyterLab
# in a browser. Tools go into a folder that stays (MAMBASCOPE_CI_TOOLS); a second run finds them there. Pictures of
# JupyterLab go to target/lab-pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tools=$(realpath -m "${MAMBASCOPE_CI_TOOLS:-${CARGO_TARGET_DIR:-$root/target}/ci-tools}")
mkdir -p "$tools"
notebooks=(notebooks/*.ipynb)
cases=tests/notebooks/cases

# Installs what is missing.
if [ ! -f "$tools/ready-1" ]; then
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check -r tests/notebooks/requirements.txt
    npm install --silent --no-fund --no-audit --prefix "$tools" playwright-core@1 > /dev/null
    touch "$tools/ready-1"
fi
if [ -z "${CHROMIUM:-}" ] && ! command -v chromium > /dev/null; then
    { apt-get update && apt-get install -y --no-install-recommends chromium; } > "$tools/apt.log" 2>&1 ||
        { cat "$tools/apt.log"; exit 1; }
fi
# shellcheck source=.ci/kernel.sh
source .ci/kernel.sh
kernel_environment
export CHROMIUM=${CHROMIUM:-$(command -v chromium)}
export PATH=$tools/venv/bin:$PATH

# The kernel, for these runs alone.
export JUPYTER_PATH=$tools/jupyter/share/jupyter
program=$(realpath "${CARGO_TARGET_DIR:-target}/release/mambascope")
"$program" kernel install --prefix "$tools/jupyter"

copies=$(mktemp -d)
trap 'rm -rf "$copies"' EXIT
step() { printf -- '--- %s\n' "$1"; }

# A command that must fail because of a cell, and for no other reason.
must_fail() {
    local words=$1
    shift
    if "$@" > "$copies/log" 2>&1; then
        echo "this should have failed: $*"
        return 1
    fi
    grep -q "$words" "$copies/log" || { tail -n 30 "$copies/log"; echo "failed without \`$words\`: $*"; return 1; }
}

step 'the comparison finds differences'
python -m pytest -q -p no:cacheprovider tests/notebooks

step 'every notebook shows what it was committed with'
python tests/notebooks/run.py "${notebooks[@]}"

step 'a wrong expected value is found'
cp notebooks/01-quickstart.ipynb "$copies/wrong.ipynb"
sed -i 's/best 1\.000 at token 7/best 0.900 at token 7/' "$copies/wrong.ipynb"
must_fail 'expected' python tests/notebooks/run.py "$copies/wrong.ipynb"

step 'lab --check'
"$program" lab --check | grep -q 'Impact of restoring'

# What others run notebooks with.
by_nbconvert() { jupyter nbconvert --to notebook --execute --output-dir "$copies/out" --log-level=ERROR "$@"; }
by_nbclient() { jupyter execute --timeout=600 "$@"; }
by_papermill() { papermill --no-progress-bar --cwd "$(dirname "$1")" "$1" "$copies/out.ipynb"; }
by_nbmake() { python -m pytest -q -p no:cacheprovider --nbmake --nbmake-timeout=600 "$@"; }
cp "${notebooks[@]}" "$copies"
rm "$copies/wrong.ipynb"
step 'nbconvert'
by_nbconvert "$copies"/0*.ipynb
step 'nbclient'
by_nbclient "$copies"/0*.ipynb
step 'papermill'
for notebook in "$copies"/0*.ipynb; do by_papermill "$notebook"; done
python notebooks/papermill_rust.py --no-progress-bar notebooks/02-where-is-the-fact.ipynb "$copies/out.ipynb" -p window 2
grep -q 'center of interval of 2 restored' "$copies/out.ipynb"
step 'nbmake'
by_nbmake "$copies"/0*.ipynb

step 'cells that fail, fail'
for tool in by_nbconvert by_nbclient by_papermill by_nbmake; do
    cp "$cases/panics.ipynb" "$cases/fails.ipynb" "$copies"
    must_fail 'there is nothing' $tool "$copies/panics.ipynb"
    must_fail 'no-such-model' $tool "$copies/fails.ipynb"
done

step 'JupyterLab in a browser'
(cd "$tools" && node "$root/tests/notebooks/lab.mjs" "${CARGO_TARGET_DIR:-$root/target}/lab-pictures")
