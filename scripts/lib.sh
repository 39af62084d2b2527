# Shared by the scripts of this folder: what must be there before anything is built, and how it
# gets there.
# Source it; it changes to the project's folder.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"

build_packages=(libssl-dev libpcre2-dev pkg-config)
run_packages=(openssl ca-certificates curl)
bench_packages=(wrk)
check_packages=(valgrind)
browser_packages=(chromium)
python="$project/.build-python/bin/python"

say() { printf '==> %s\n' "$*"; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# The compiler named in .swift-version and no other: warnings are errors, and each version has
# its own.
check_swift() {
    local wanted found
    wanted=$(<.swift-version)
    command -v swift >/dev/null || fail "swift is not on the PATH; install Swift $wanted"
    found=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p')
    [ "$found" = "$wanted" ] ||
        fail "Swift $wanted is needed (.swift-version), found ${found:-none}"
}

# check_space MEBIBYTES
check_space() {
    local free
    free=$(df -Pm . | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$1" ] || fail "$1 MiB of disk space are needed in $project, $free MiB are free"
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints the command that makes one root: nothing for root itself.
root_prefix() {
    if [ "$(id -u)" -eq 0 ]; then
        return
    fi
    command -v sudo >/dev/null || return 1
    echo sudo
}

# install_missing PACKAGE…: nothing is asked of the system when all are there.
install_missing() {
    local package prefix missing=()
    command -v dpkg-query >/dev/null || fail "this is no Debian; what is needed is called there: $*"
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    prefix=$(root_prefix) ||
        fail "root or sudo is needed once: apt-get install --no-install-recommends ${missing[*]}"
    local line=(apt-get install --yes --no-install-recommends "${missing[@]}")
    apt-cache show "${missing[@]}" >/dev/null 2>&1 || $prefix apt-get update --quiet
    say "${prefix:+$prefix }${line[*]}"
    $prefix env LC_ALL=C "${line[@]/--yes/--assume-no}" 2>/dev/null |
        grep -E '^(Need to get|After this)' || true
    say "this takes about a minute; none of these packages starts a daemon"
    $prefix env DEBIAN_FRONTEND=noninteractive "${line[@]}" >/dev/null || {
        say "once more, after an update of the package lists"
        $prefix apt-get update --quiet
        $prefix env DEBIAN_FRONTEND=noninteractive "${line[@]}" >/dev/null
    }
}

# The Python that the tests run in: an environment of the project's own, with pinned packages.
prepare_python() {
    python_environment .build-python Tests/requirements.txt
}

# The SuperTokens SDKs that stand behind the gateway in Tests/EndToEnd, one of each generation: they
# need other versions of the same packages, hence environments of their own.
prepare_sdks() {
    python_environment .build-python-sdk-recent Tests/requirements-sdk-recent.txt
    python_environment .build-python-sdk-seed Tests/requirements-sdk-seed.txt
}

# The browser of Tests/EndToEnd/test_browser.py, installed with BROWSER=1, and the web SDKs in it,
# which are no part of the project: says which of these tests will be skipped.
prepare_browser() {
    local name
    [ "${BROWSER:-}" != 1 ] || install_missing "${browser_packages[@]}"
    command -v chromium >/dev/null ||
        say "no Chromium: the tests in a browser are skipped; BROWSER=1 installs it"
    for name in SUPERTOKENS_WEBSITE_14 SUPERTOKENS_WEBSITE_20; do
        [ -f "${!name:-}" ] ||
            say "$name names no bundle.js of supertokens-website: its tests are skipped"
    done
}

# python_environment FOLDER PINS: made anew when the pins have changed since.
python_environment() {
    local folder=$1 pins=$2 stamp=$1/requirements.txt
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_missing python3-venv
    if ! cmp -s "$pins" "$stamp"; then
        say "installing the Python packages of $pins into $folder (about a minute)"
        python3 -m venv --clear "$folder"
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
            --requirement "$pins"
        cp "$pins" "$stamp"
    fi
}

# The release binary, the Swift standard library inside it: .build/release/sallyport.
build_release() {
    say "building the release binary (about two minutes on two cores the first time, seconds after)"
    swift build -c release --static-swift-stdlib --product sallyport
}
